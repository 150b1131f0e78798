// All candidates side by side: two criteria at a time, and how sure the ranks are.

const CELLS_ACROSS = 120;
const CELLS_UP = 80;
const POINTS_DRAWN = 3000;
const BARS = 25;

class Comparison {
  constructor(page, ranking) {
    this.page = page;
    this.ranking = ranking;
    const criteria = page.columns.filter((column) => column.criterion || column.name === "score");
    const first = [...page.pareto, ...criteria.map((column) => column.name)];
    for (const [id, k] of [["pareto-x", 0], ["pareto-y", 1]]) {
      byId(id).replaceChildren(...criteria.map((column) =>
        element("option", { value: column.name, selected: column.name === first[k] }, withUnit(column))));
      byId(id).addEventListener("change", () => this.pareto());
    }
    this.draw();
    readout("pareto-chart", "pareto-readout", (point) => point.customdata);
  }

  draw() {
    this.pareto();
    if (byId("certainty-chart")) this.certainty();
  }

  pareto() {
    const { columns, data } = this.page;
    const [x, y] = ["pareto-x", "pareto-y"].map((id) => columns.find((column) => column.name === byId(id).value));
    const rows = this.ranking.rowsOfPair().filter((row) =>
      data.passes[row] && data[x.name][row] !== null && data[y.name][row] !== null);
    const front = rows.filter((row) => data.pareto[row]);
    const behind = rows.filter((row) => !data.pareto[row]);
    const drawn = thinned(behind, data[x.name], data[y.name]);
    const words = (row) => [
      subscripted(data.formula[row]) + (data.origin[row] ? ` (${data.origin[row]})` : "") + `, rank ${data.rank[row]}`,
      `${withUnit(x)}: ${shownValue(x, data[x.name][row])}`, `${withUnit(y)}: ${shownValue(y, data[y.name][row])}`,
    ];
    const trace = (chosen, name, marker, named) => ({
      x: chosen.map((row) => data[x.name][row]), y: chosen.map((row) => data[y.name][row]),
      mode: named ? "markers+text" : "markers", name, marker,
      text: chosen.map((row) => escaped(subscripted(data.formula[row]))), textposition: "top center", cliponaxis: false,
      hovertext: chosen.map((row) => words(row).map(escaped).join("<br>")), hovertemplate: "%{hovertext}<extra></extra>",
      customdata: chosen.map((row) => words(row).join("; ")),
    });
    const symbols = (chosen) => chosen.map((row) => (data.origin[row] ? "diamond-open" : "circle"));
    const few = rows.length <= 20;
    chart("pareto-chart", (look) => ({
      traces: [
        trace(drawn, "behind the front", { color: look.muted, size: few ? 9 : 4, opacity: few ? 1 : 0.55, symbol: symbols(drawn) }, few),
        trace(front, "on the Pareto front", { color: look.series[1], size: few ? 10 : 6, symbol: symbols(front) }, few),
      ],
      layout: { xaxis: axis(look, escaped(withUnit(x))), yaxis: axis(look, escaped(withUnit(y))), hoverdistance: 20 },
    }));
    const labels = this.page.pareto.map((name) => columns.find((column) => column.name === name).label);
    byId("pareto-caption").textContent = !rows.length ? "0 ranked candidates have both values." :
      `${rows.length.toLocaleString("en")} ranked candidates with both values, ${front.length.toLocaleString("en")} of them on the front over ` +
      `${labels.join(", ")}: no other is at least as good in all of these and better in one. ` +
      (drawn.length < behind.length
        ? `Behind the front one candidate in each of ${CELLS_ACROSS} × ${CELLS_UP} cells is drawn (${drawn.length.toLocaleString("en")}). ` : "") +
      "Open diamonds rest on phases that are none of the source's own.";
  }

  certainty() {
    const { page } = this;
    const [anode, electrolyte] = page.pairs[this.ranking.pair];
    const ranked = page.reactors.filter((r) => r.anode === anode && r.electrolyte === electrolyte && r.rank !== null);
    const missing = page.no_probabilities[anode];
    byId("certainty-chart").hidden = Boolean(missing);
    if (missing) byId("certainty-caption").textContent = `No probabilities: ${missing}.`;
    else if (ranked.length && ranked.every((r) => r.rank_probability.length)) this.matrix(ranked);
    else this.bars();
  }

  matrix(ranked) {
    const n = Math.max(...ranked.map((r) => r.rank));
    const names = ranked.map((r) => escaped(subscripted(r.formula) + (r.origin ? ` (${r.origin})` : "")));
    const z = ranked.map((r) => r.rank_probability.slice(0, n));
    byId("certainty-chart").style.height = "";
    chart("certainty-chart", (look) => ({
      traces: [{
        type: "heatmap", x: Array.from({ length: n }, (_, k) => k + 1), y: names, z, zmin: 0, zmax: 1, xgap: 2, ygap: 2,
        colorscale: [[0, look.grid], [1, look.series[0]]], showscale: false,
        text: z.map((row) => row.map(percentage)),
        hovertemplate: "%{y}, rank %{x}: %{text}<extra></extra>",
      }],
      layout: {
        xaxis: axis(look, "Rank", { dtick: n <= 20 ? 1 : 5, showgrid: false, zeroline: false }),
        yaxis: axis(look, "", { autorange: "reversed", showgrid: false, type: "category" }),
        annotations: n > 12 ? [] : z.flatMap((row, i) => row.map((p, k) => ({
          x: k + 1, y: names[i], text: percentage(p).replace(" %", ""), showarrow: false,
          font: { color: readable(blend(look.grid, look.series[0], p), look) },
        }))),
      },
    }));
    byId("certainty-caption").textContent =
      "Probability of each rank, in per cent, when the energies vary within their calibrated, correlated uncertainty.";
  }

  bars() {
    const { data } = this.page;
    const rows = this.ranking.rowsOfPair().filter((row) => data.passes[row])
      .sort((a, b) => data.top_1[b] - data.top_1[a] || a - b).slice(0, BARS);
    const names = rows.map((row) => escaped(subscripted(data.formula[row]) + (data.origin[row] ? ` (${data.origin[row]})` : "")));
    const series = [["top_1", "first"], ["top_1_percent", "among the first 1 %"]].filter(([name]) => data[name]);
    byId("certainty-chart").style.height = `${100 + 24 * rows.length}px`;
    chart("certainty-chart", (look) => ({
      traces: series.map(([name, label], k) => ({
        type: "bar", orientation: "h", name: label, y: names, x: rows.map((row) => data[name][row]),
        marker: { color: look.series[k] }, text: rows.map((row) => percentage(data[name][row])), textposition: "none",
        hovertemplate: `%{y}, ${label}: %{text}<extra></extra>`,
      })),
      layout: {
        barmode: "group",
        xaxis: axis(look, "Probability", { rangemode: "tozero", tickformat: ".0%" }),
        yaxis: axis(look, "", { autorange: "reversed", type: "category", dtick: 1 }),
      },
    }));
    byId("certainty-caption").textContent =
      `The ${rows.length} candidates most likely to be the first, when the energies vary within their calibrated, correlated uncertainty.`;
  }
}

const percentage = (p) => (p > 0 && p < 0.005 ? "< 1 %" : `${Math.round(100 * p)} %`);
const withUnit = (column) => (column.unit ? `${column.label} (${column.unit})` : column.label);

// One candidate per cell of the plot where there are more than the eye or the browser can take; extremes stay.
function thinned(rows, x, y) {
  if (rows.length <= POINTS_DRAWN) return rows;
  const span = (values) => rows.reduce(([least, most], row) => [Math.min(least, values[row]), Math.max(most, values[row])],
    [Infinity, -Infinity]);
  const [x0, x1] = span(x);
  const [y0, y1] = span(y);
  const cells = new Map();
  for (const row of rows) {
    const across = Math.floor((x[row] - x0) / (x1 - x0 || 1) * CELLS_ACROSS);
    const up = Math.floor((y[row] - y0) / (y1 - y0 || 1) * CELLS_UP);
    const cell = across * (CELLS_UP + 1) + up;
    if (!cells.has(cell)) cells.set(cell, row);
  }
  return [...cells.values()];
}
