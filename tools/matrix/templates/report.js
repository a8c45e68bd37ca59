"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const legend = new Map(data.legend.map(([key, sign, text]) => [key, { sign, text }]));
  const byId = (id) => document.getElementById(id);
  const areaOf = (format) => format.split(" ")[0];
  // Text never becomes markup: messages come from files that anyone may have written.
  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const worst = (groups) =>
    [...legend.keys()].find((key) => groups.some((group) => group[0] === key));

  function fill(select, names, all) {
    select.replaceChildren(element("option", all, { value: "" }));
    for (const [value, text] of names) {
      select.append(element("option", text, { value }));
    }
  }

  function showFormats() {
    const area = byId("area").value;
    const own = data.formats.filter((format) => !area || areaOf(format) === area);
    const chosen = byId("format").value;
    fill(byId("format"), own.map((format) => [format, format]), "all formats");
    if (own.includes(chosen)) byId("format").value = chosen;
  }

  /** The groups of a writer and reader in the chosen formats, with their format. */
  function groupsOf(writer, reader) {
    const area = byId("area").value;
    const format = byId("format").value;
    return data.formats.flatMap((name, index) => {
      if (format ? name !== format : area && areaOf(name) !== area) return [];
      const groups = data.squares[`${index},${writer},${reader}`] || [];
      return groups.map((group) => [...group, name]);
    });
  }

  function showGrid() {
    const outcome = byId("outcome").value;
    const table = element("table");
    const head = table.createTHead().insertRow();
    head.append(element("td", "written ↓ read →"));
    for (const reader of data.columns) {
      const cell = element("th", undefined, { scope: "col" });
      cell.append(element("span", reader));
      head.append(cell);
    }
    const body = table.createTBody();
    data.writers.forEach((writer, row) => {
      const line = element("tr");
      line.append(element("th", writer, { scope: "row" }));
      let found = false;
      data.columns.forEach((reader, column) => {
        const cell = element("td");
        line.append(cell);
        const groups = groupsOf(row, column);
        if (!groups.length) return;
        found = true;
        const key = worst(groups);
        const button = element("button", legend.get(key).sign, {
          type: "button", class: key, tabindex: "-1",
          "data-row": row, "data-column": column,
          "aria-label": `written by ${writer}, read by ${reader}: ${legend.get(key).text}`,
        });
        if (outcome && !groups.some((group) => group[0] === outcome)) {
          button.classList.add("dim");
        }
        cell.append(button);
      });
      if (found) body.append(line);
    });
    byId("grid").replaceChildren(table);
    const first = table.querySelector("button");
    byId("empty").hidden = Boolean(first);
    table.hidden = !first;
    if (first) first.tabIndex = 0;
  }

  function showDetails(button) {
    const row = Number(button.dataset.row);
    const column = Number(button.dataset.column);
    const writer = data.writers[row];
    const reader = data.columns[column];
    byId("details-title").textContent = `Written by ${writer}, read by ${reader}`;
    const list = byId("groups");
    list.replaceChildren();
    for (const group of groupsOf(row, column)) {
      const [outcome, count, state, error, cause, reference, tests, total, format] = group;
      const text = (index) => data.texts[index];
      const box = element("div", undefined, { class: "group" });
      const { sign, text: meaning } = legend.get(outcome);
      const title = element("p");
      title.append(element("span", sign, { class: `sign ${outcome}`, "aria-hidden": "true" }));
      title.append(` ${format}: ${count} cells ${text(state)} (${meaning})`);
      box.append(title);
      if (text(error)) box.append(element("pre", text(error)));
      if (text(cause)) box.append(element("p", `${text(cause)} [${text(reference)}]`));
      if (tests.length) {
        const more = total > tests.length ? ` and ${total - tests.length} more` : "";
        const names = tests.map((index) => text(index).split("::")[1]).join(", ");
        box.append(element("p", `${names}${more}`));
        const name = text(tests[0]).split("::")[1];
        box.append(element("p", "To see it again:"));
        box.append(element("pre",
          `python -m tools.matrix run --readers ${reader} --writers ${writer} --only ${name}`
          + " --store again.sqlite"));
      }
      list.append(box);
    }
    byId("details").hidden = false;
    byId("details").dataset.from = `${row},${column}`;
    byId("details").scrollIntoView({ block: "nearest" });
  }

  function closeDetails() {
    byId("details").hidden = true;
    const [row, column] = (byId("details").dataset.from || "").split(",");
    const back = buttonAt(row, column);
    if (back) focusOn(back);
  }

  const buttonAt = (row, column) => byId("grid").querySelector(
    `button[data-row="${row}"][data-column="${column}"]`);

  function focusOn(button) {
    for (const other of byId("grid").querySelectorAll('button[tabindex="0"]')) {
      other.tabIndex = -1;
    }
    button.tabIndex = 0;
    button.focus();
  }

  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  function move(event) {
    const step = STEPS[event.key];
    const button = event.target.closest("#grid button");
    if (!step || !button) return;
    event.preventDefault();
    let row = Number(button.dataset.row) + step[0];
    let column = Number(button.dataset.column) + step[1];
    while (data.writers[row] !== undefined && data.columns[column] !== undefined) {
      const next = buttonAt(row, column);
      if (next) {
        focusOn(next);
        return;
      }
      row += step[0];
      column += step[1];
    }
  }

  function showEvents() {
    const area = byId("area").value;
    const format = byId("format").value;
    const outcome = byId("outcome").value;
    const shown = data.events.filter((event) => {
      const isNew = event.reference === "";
      if (outcome && outcome !== (isNew ? "new" : "known")) return false;
      const name = event.file.split("/").slice(1, -1).join("/");
      return (!area || name === area) && (!format || name === areaOf(format));
    });
    byId("events-count").textContent = `${shown.length} of ${data.events.length} events`;
    byId("events").replaceChildren(...shown.map((event) => {
      const item = element("li");
      const until = event.mended ? `, mended by ${event.mended}` : "";
      const writers = event.writers.length > 3
        ? `${event.writers[0]} to ${event.writers.at(-1)}` : event.writers.join(", ");
      item.append(element("strong", `${event.test}: broken by ${event.broke}${until}`));
      item.append(element("div", `written by ${writers}`));
      item.append(element("div", event.reference
        ? `${event.cause} [${event.reference}]` : event.cause));
      item.append(element("code", event.error.slice(0, 200)));
      return item;
    }));
  }

  function showReaders() {
    const table = byId("readers");
    const names = ["name", "torch", "git", "python", "wheel", "wheel_sha256"];
    const head = table.createTHead().insertRow();
    for (const name of names) head.append(element("th", name, { scope: "col" }));
    const body = table.createTBody();
    for (const reader of data.readers) {
      const row = body.insertRow();
      for (const name of names) {
        row.append(element("td", String(reader[name] ?? "").slice(0, 60)));
      }
    }
  }

  function show() {
    showGrid();
    showEvents();
    byId("details").hidden = true;
  }

  const areas = [...new Set(data.formats.map(areaOf))];
  fill(byId("area"), areas.map((area) => [area, area]), "all areas");
  fill(byId("outcome"), [...legend].map(([key, { text }]) => [key, text]), "all outcomes");
  byId("area").addEventListener("change", () => { showFormats(); show(); });
  byId("format").addEventListener("change", show);
  byId("outcome").addEventListener("change", show);
  byId("close").addEventListener("click", closeDetails);
  byId("grid").addEventListener("keydown", move);
  byId("grid").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) {
      focusOn(button);
      showDetails(button);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !byId("details").hidden) closeDetails();
  });
  showFormats();
  show();
  showReaders();
})();
