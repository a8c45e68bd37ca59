"""``bytecode.pkl`` of the golden module, as ``torch.utils.show_pickle`` prints it.

Names that torch mangles are ``*``; so are storage keys that are addresses in the
writer's memory, as releases 1.9 and all backports to 5 to 8 write them.  For the
golden files see test_bytecode.py.
"""

import fnmatch

AN_ADDRESS = "*.storage"

# Torch 1.7, version 4: no schema, the constants in another order.
_OF_1_7 = """
(VERSION,
 ('__torch__.*.TestModule.forward',
  (('instructions',
    (('STOREN', 1, 2),
     ('DROPR', 1, 0),
     ('LOADC', 1, 0),
     ('LOADC', 0, 0),
     ('MOVE', 2, 0),
     ('OP', 0, 0),
     ('LOADC', 0, 0),
     ('OP', 1, 0),
     ('RET', 0, 0))),
   ('operators', (('aten::add', 'int'), ('aten::add', 'Scalar'))),
   ('constants',
    (1,
     torch._utils._rebuild_tensor_v2(
       pers.obj(('storage', torch.DoubleStorage, 'STORAGE', 'cpu', 8),),
       0, (2, 4), (4, 1), False, collections.OrderedDict()))),
   ('types', ()),
   ('register_size', 2))))
"""

_SCHEMA_AND_CONSTANTS = """
   ('constants',
    (torch._utils._rebuild_tensor_v2(
       pers.obj(('storage', torch.DoubleStorage, 'STORAGE', 'cpu', 8),),
       0, (2, 4), (4, 1), False, collections.OrderedDict()),
     1)),
   ('types', ()),
   ('register_size', 2)),
  (('arguments',
    ((('name', 'self'),
      ('type', '__torch__.*.TestModule'),
      ('default_value', None)),
     (('name', 'y'), ('type', 'int'), ('default_value', None)))),
   ('returns',
    ((('name', ''), ('type', 'Tensor'), ('default_value', None)),)))))
"""

# Torch 1.9, version 5: the constant 1 is loaded as an argument that has this default.
_OF_1_9 = (
    """
(VERSION,
 ('__torch__.*.TestModule.forward',
  (('instructions',
    (('STOREN', 1, 2),
     ('DROPR', 1, 0),
     ('LOADC', 0, 0),
     ('LOADC', 1, 0),
     ('MOVE', 2, 0),
     ('OP', 0, 0),
     ('LOADC', 1, 0),
     ('OP', 1, 0),
     ('RET', 0, 0))),
   ('operators', (('aten::add', 'int'), ('aten::add', 'Scalar'))),
"""
    + _SCHEMA_AND_CONSTANTS
)

# A backport to 4 or 5: the same in another order.
_BACKPORTED = (
    """
(VERSION,
 ('__torch__.*.TestModule.forward',
  (('instructions',
    (('STOREN', 1, 2),
     ('DROPR', 1, 0),
     ('LOADC', 0, 0),
     ('MOVE', 2, 0),
     ('LOADC', 1, 0),
     ('OP', 0, 0),
     ('LOADC', 1, 0),
     ('OP', 1, 0),
     ('RET', 0, 0))),
   ('operators', (('aten::add', 'int'), ('aten::add', 'Scalar'))),
"""
    + _SCHEMA_AND_CONSTANTS
)

# From 6 on operators carry the number of their specified arguments, so that a default
# need not be loaded.
_WITH_NUMBER_OF_ARGUMENTS = (
    """
(VERSION,
 ('__torch__.*.TestModule.forward',
  (('instructions',
    (('STOREN', 1, 2),
     ('DROPR', 1, 0),
     ('LOADC', 0, 0),
     ('MOVE', 2, 0),
     ('LOADC', 1, 0),
     ('OP', 0, 0),
     ('OP', 1, 0),
     ('RET', 0, 0))),
   ('operators', (('aten::add', 'int', 2), ('aten::add', 'Scalar', 2))),
"""
    + _SCHEMA_AND_CONSTANTS
)


def _text(template, version, storage):
    return template.replace("VERSION", str(version)).replace("STORAGE", storage)


# By version, of the golden that a release wrote.
BYTECODE = {
    4: _text(_OF_1_7, 4, "0"),
    5: _text(_OF_1_9, 5, AN_ADDRESS),
    6: _text(_WITH_NUMBER_OF_ARGUMENTS, 6, AN_ADDRESS),
    7: _text(_WITH_NUMBER_OF_ARGUMENTS, 7, "0.storage"),
    8: _text(_WITH_NUMBER_OF_ARGUMENTS, 8, "0.storage"),
}
# By version, of what a backport makes of a golden of 7 or newer, and of that of 5.
_BACKPORTED_FROM_7 = {
    4: _text(_BACKPORTED, 4, "0"),
    5: _text(_BACKPORTED, 5, AN_ADDRESS),
    6: _text(_WITH_NUMBER_OF_ARGUMENTS, 6, AN_ADDRESS),
    7: _text(_WITH_NUMBER_OF_ARGUMENTS, 7, AN_ADDRESS),
    8: _text(_WITH_NUMBER_OF_ARGUMENTS, 8, AN_ADDRESS),
}
_BACKPORTED_FROM_5 = {4: _text(_OF_1_9, 4, "0")}


def backported_bytecode(source):
    """By version, the text of what backports make of the golden ``source``."""
    return _BACKPORTED_FROM_5 if source == 5 else _BACKPORTED_FROM_7


def matches(found, expected):
    """Whether a dump is the expected text, white space aside."""
    return fnmatch.fnmatchcase("".join(found.split()), "".join(expected.split()))
