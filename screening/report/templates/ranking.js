// The ranking: columns stay columns; sorting and filtering move an index, and one page of rows is drawn.

const ELEMENT = /^[A-Z][a-z]?$/;
const UNDECIDED = -1;

class Ranking {
  constructor(page, onChoose) {
    this.page = page;
    this.onChoose = onChoose;
    this.sortedBy = "rank";
    this.descending = false;
    this.first = 0;
    this.pair = 0;
    this.spelledOut = new Map();
    page.reactors.forEach((reactor, k) =>
      this.spelledOut.set([reactor.anode, reactor.electrolyte, reactor.formula].join(" "), k));
    this.connect();
    this.choose();
  }

  connect() {
    const again = () => this.choose();
    byId("filters").addEventListener("input", again);
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("reset", () => {
      byId("bounds").replaceChildren();
      setTimeout(again);
    });
    byId("add-bound").addEventListener("click", () => this.addBound());
    for (const button of document.querySelectorAll("#ranking-table thead button")) {
      button.addEventListener("click", () => this.sortBy(button.dataset.column));
    }
    const size = () => Number(byId("page-size").value);
    const turn = (to) => { this.first = Math.max(0, to()); this.draw(); };
    byId("first-page").addEventListener("click", () => turn(() => 0));
    byId("previous-page").addEventListener("click", () => turn(() => this.first - size()));
    byId("next-page").addEventListener("click", () => turn(() => this.first + size()));
    byId("last-page").addEventListener("click", () =>
      turn(() => Math.floor((this.index.length - 1) / size()) * size()));
    byId("page-size").addEventListener("change", () => turn(() => 0));
    byId("download").addEventListener("click", () => this.download());
  }

  addBound() {
    const bound = byId("bound").content.firstElementChild.cloneNode(true);
    bound.querySelector("button").addEventListener("click", () => { bound.remove(); this.choose(); });
    byId("bounds").append(bound);
    bound.querySelector("select").focus();
  }

  // Row numbers of one pair of anode and electrolyte.
  rowsOfPair() {
    const { n, pair } = this.page;
    const every = Array.from({ length: n }, (_, row) => row);
    return pair.length ? every.filter((row) => pair[row] === this.pair) : every;
  }

  tests() {
    const data = this.page.data;
    const tests = [];
    const words = byId("words").value.trim();
    const parts = words.split(/[\s,\-]+/).filter((part) => part);
    if (parts.length && parts.every((part) => ELEMENT.test(part))) {
      const patterns = parts.map((symbol) => new RegExp(`${symbol}(?![a-z])`));
      tests.push((row) => patterns.every((pattern) => pattern.test(data.formula[row])));
    } else if (words) {
      const sought = words.toLowerCase();
      tests.push((row) => data.formula[row].toLowerCase().includes(sought));
    }
    if (byId("ranked-only").checked) tests.push((row) => data.passes[row]);
    if (byId("front-only").checked) tests.push((row) => data.pareto[row]);
    if (byId("harmless-only").checked) tests.push((row) => !data.toxic?.[row] && !data.moisture_hazard?.[row]);
    if (byId("sure-only")?.checked) tests.push((row) => !data.origin[row]);
    for (const bound of byId("bounds").children) {
      const [column, direction] = [...bound.querySelectorAll("select")].map((select) => select.value);
      const text = bound.querySelector("input").value.trim().replace("−", "-").replace(",", ".");
      const limit = Number(text);
      bound.querySelector("input").setAttribute("aria-invalid", String(text !== "" && Number.isNaN(limit)));
      if (text === "" || Number.isNaN(limit)) continue;
      const values = data[column];
      tests.push(direction === "least"
        ? (row) => values[row] !== null && values[row] >= limit
        : (row) => values[row] !== null && values[row] <= limit);
    }
    return tests;
  }

  choose() {
    const tests = this.tests();
    this.index = this.rowsOfPair().filter((row) => tests.every((test) => test(row)));
    this.sort();
  }

  sortBy(column) {
    this.descending = column === this.sortedBy ? !this.descending : false;
    this.sortedBy = column;
    this.sort();
  }

  // What has no value stands last in either direction; ties keep the order of the ranking.
  sort() {
    const values = this.page.data[this.sortedBy];
    const sign = this.descending ? -1 : 1;
    const missing = (value) => value === null || value === "";
    this.index.sort((a, b) => {
      const [x, y] = [values[a], values[b]];
      if (missing(x) || missing(y)) return missing(x) - missing(y) || a - b;
      return (x < y ? -sign : x > y ? sign : 0) || a - b;
    });
    for (const button of document.querySelectorAll("#ranking-table thead button")) {
      const own = button.dataset.column === this.sortedBy;
      const direction = own ? (this.descending ? "descending" : "ascending") : "none";
      button.parentElement.setAttribute("aria-sort", direction);
    }
    this.first = 0;
    this.draw();
  }

  draw() {
    const size = Number(byId("page-size").value);
    const shown = this.index.slice(this.first, this.first + size);
    document.querySelector("#ranking-table tbody").replaceChildren(...shown.map((row) => this.rowNode(row)));
    const total = this.index.length;
    const label = this.page.columns.find((column) => column.name === this.sortedBy).label;
    const order = this.descending ? "descending" : "ascending";
    byId("ranking-status").textContent = total
      ? `${total.toLocaleString("en")} candidates; ${this.first + 1} to ${this.first + shown.length} shown, by ${label}, ${order}.`
      : "No candidate fits; take a bound back.";
    byId("page-number").textContent = total
      ? `page ${Math.floor(this.first / size) + 1} of ${Math.ceil(total / size)}` : "";
    byId("first-page").disabled = byId("previous-page").disabled = this.first === 0;
    byId("last-page").disabled = byId("next-page").disabled = this.first + size >= total;
    byId("download").disabled = !total;
  }

  rowNode(row) {
    const { columns, data } = this.page;
    const cells = columns.map((column) => {
      if (column.name === "formula") return this.formulaCell(row);
      const value = data.passes[row] || !OF_RANKED.test(column.name) ? data[column.name][row] : null;
      const within = column.within.map((name) => data[name][row]);
      return element("td", { className: column.kind }, shownValue(column, value, within));
    });
    return element("tr", { className: data.passes[row] ? "" : "unranked" }, ...cells,
      element("td", {}, this.remarks(row)));
  }

  formulaCell(row) {
    const data = this.page.data;
    const formula = subscripted(data.formula[row]);
    const [anode, electrolyte] = this.page.pairs[this.page.pair[row] ?? 0];
    const number = this.spelledOut.get([anode, electrolyte, data.formula[row]].join(" "));
    const name = number === undefined ? formula : element("button", { type: "button" }, formula);
    if (number !== undefined) name.addEventListener("click", () => this.onChoose(number));
    const cell = element("th", { scope: "row" }, name);
    if (data.origin[row]) cell.append(" ", originMark(data.origin[row]));
    return cell;
  }

  remarks(row) {
    const { data, filters, words } = this.page;
    const remarks = new Set(data.pareto[row] ? ["Pareto front"] : []);
    for (const filter of filters) {
      if (data[filter][row] === 0 && !(filter === "filter_metallic_product" && data.filter_reacts?.[row] === 0)) {
        remarks.add(words.fails[filter] ?? `fails ${filter}`);
      }
      if (data[filter][row] === UNDECIDED) remarks.add(words.undecided[filter] ?? `undecided: ${filter}`);
    }
    if (data.toxic?.[row]) remarks.add("toxic");
    if (data.moisture_hazard?.[row]) remarks.add(`${subscripted(data.moisture_hazard[row])} in moist air`);
    return [...remarks].join("; ");
  }

  download() {
    const { columns, data } = this.page;
    const quoted = (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const names = columns.flatMap((column) => [column.name, ...column.within]);
    const lines = [[...names, "remarks"].join(",")];
    for (const row of this.index) {
      lines.push([...names.map((name) => quoted(data[name][row])), quoted(this.remarks(row))].join(","));
    }
    const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    element("a", { href: url, download: "ranking-selection.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
}

// A candidate without a rank has none of these.
const OF_RANKED = /^(score|top_|accept_)/;

function shownValue(column, value, within = []) {
  if (column.kind === "text") return value ? subscripted(value) : "–";
  if (column.kind === "yes_no") return value === null ? "–" : value ? "yes" : "no";
  if (column.kind === "count") return count(value);
  return withBounds(value, typeof within[0] === "number" ? within : null, column.name === "score" ? 3 : 4);
}
