// One reactor: curves, staircase, layers, and the argument for its rank.

class ReactorView {
  constructor(page) {
    this.page = page;
    const choice = byId("reactor-choice");
    choice.addEventListener("change", () => this.show(Number(choice.value)));
    byId("contact").addEventListener("change", () => this.curves());
    for (const name of ["axis", "per", "energy"]) {
      for (const input of document.querySelectorAll(`input[name=${name}]`)) {
        input.addEventListener("change", () => this.curves());
      }
    }
    for (const input of document.querySelectorAll("input[name=uptake]")) {
      input.addEventListener("change", () => this.staircase());
    }
    this.offer(0);
    readout("curves-chart", "curves-readout", (point) => point.customdata);
  }

  // Offer the reactors of one pair of anode and electrolyte.
  offer(pair) {
    const [anode, electrolyte] = this.page.pairs[pair];
    this.group = this.page.reactors.map((reactor, k) => ({ reactor, k }))
      .filter(({ reactor }) => reactor.anode === anode && reactor.electrolyte === electrolyte);
    byId("reactor-choice").replaceChildren(...this.group.map(({ reactor, k }) => {
      const rank = reactor.rank === null ? "no rank" : `rank ${reactor.rank}`;
      const mark = reactor.origin ? `, ${reactor.origin}` : "";
      return element("option", { value: k }, `${subscripted(reactor.formula)} (${rank}${mark})`);
    }));
    if (this.group.length) this.show(this.group[0].k);
  }

  show(k) {
    this.reactor = this.page.reactors[k];
    byId("reactor-choice").value = String(k);
    this.summary();
    this.curves();
    this.staircase();
    drawLayer(this.reactor);
    this.layers();
    this.criteria();
  }

  summary() {
    const r = this.reactor;
    const place = r.rank === null
      ? `has no rank: ${wordsOf(r, false, this.page.words.fails) || "it fails a filter"}`
      : `ranks ${r.rank} with a score of ${number(r.score, 3)}`;
    const alloy = r.alloy ? ` The alloy is ${subscripted(r.alloy)}.` : "";
    const undecided = wordsOf(r, null, this.page.words.undecided);
    const unsure = undecided && ` Note: ${undecided}.`;
    const node = byId("reactor-summary");
    node.replaceChildren(`${subscripted(r.formula)} ${place}.${alloy}${unsure} `);
    if (r.origin) node.append(originMark(r.origin));
  }

  curves() {
    const contact = byId("contact").value;
    const against = contact === "electrolyte" ? this.reactor.electrolyte : this.reactor.formula;
    const curves = contact === "all"
      ? this.group.filter(({ reactor }) => reactor.rank !== null).slice(0, theme().series.length)
        .flatMap(({ reactor }) => reactor.curves.filter((curve) => isAnodeOn(curve, reactor)).slice(0, 1))
      : this.reactor.curves.filter((curve) => curve.b === against);
    byId("curves-readout").textContent = "";
    drawCurves(curves, { axis: chosen("axis"), per: chosen("per"), energy: chosen("energy") });
  }

  staircase() {
    drawStaircase(this.reactor, chosen("uptake"), this.page.floor_v);
    const heads = [
      { label: "reaction", kind: "words" }, { label: "voltage, V", kind: "number" }, { label: "95 %", kind: "number" },
      { label: "atoms per formula", kind: "number" }, { label: "mAh/g", kind: "number" },
      { label: "products, moles and electronic class", kind: "words" }, { label: "counted" },
    ];
    fillTable(byId("plateaus-table"), heads, this.reactor.plateaus.map((plateau) => [
      reactionText(plateau.reaction), sure(plateau.voltage_v, plateau.voltage_95_v), bounds(plateau.voltage_95_v),
      number(plateau.uptake_per_formula),
      number(plateau.capacity_mah_per_g), productsNode(plateau.products), plateau.above_floor ? "yes" : "no",
    ]));
  }

  layers() {
    const counted = this.reactor.plateaus.filter((plateau) => plateau.above_floor);
    const layers = counted.length ? counted[counted.length - 1].layers : [];
    const share = (value) => (value === null ? "–" : number(100 * value, 3));
    const heads = ["reactor, wt%", "metal, vol%", "metal connects, %", "salt, vol%", "electrolyte, vol%", "electrolyte connects, %",
      "volume change, %", "with the anode metal, %"].map((label) => ({ label, kind: "number" }));
    fillTable(byId("layers-table"), heads, layers.map((layer) => [
      number(layer.wt_percent), share(layer.metal_fraction), percent(layer.metal_chance),
      share(layer.salt_fraction), share(layer.electrolyte_fraction), percent(layer.electrolyte_chance),
      share(layer.volume_change), share(layer.volume_change_with_anode),
    ]));
  }

  criteria() {
    const heads = [
      { label: "criterion" }, { label: "value", kind: "number" }, { label: "standard deviation", kind: "number" },
      { label: "expected error", kind: "number" }, { label: "unit" }, { label: "desirability", kind: "number" },
      { label: "weight", kind: "number" }, { label: "rank if halved", kind: "number" },
      { label: "rank if doubled", kind: "number" },
    ];
    const labels = new Map(this.page.columns.map((column) => [column.name, column.label]));
    fillTable(byId("criteria-table"), heads, Object.entries(this.reactor.criteria).map(([name, c]) => {
      const change = this.reactor.rank_if_weight[name] ?? { halved: null, doubled: null };
      return [
        labels.get(name) ?? name.replaceAll("_", " "), number(c.value), number(c.standard_deviation),
        number(c.expected_error, 2), c.unit === "1" ? "" : c.unit, desirabilityNode(c.desirability),
        number(c.weight), count(change.halved), count(change.doubled),
      ];
    }));
  }
}

const isAnodeOn = (curve, reactor) => curve.a === reactor.anode && curve.b === reactor.formula;
const percent = (chance) => (chance === null ? "–" : `${Math.round(100 * chance)}`);
const wordsOf = (reactor, outcome, words) => Object.keys(reactor.filters)
  .filter((name) => reactor.filters[name] === outcome && !(name === "metallic_product" && reactor.filters.reacts === false))
  .map((name) => words[`filter_${name}`] ?? name.replaceAll("_", " ")).join(", ");

function desirabilityNode(value) {
  if (value === null) return "–";
  const bar = element("span", { className: "bar" }, element("span"));
  bar.setAttribute("aria-hidden", "true");
  bar.firstElementChild.style.width = `${100 * value}%`;
  return element("span", {}, bar, value.toFixed(2));
}

function productsNode(products) {
  const node = element("span");
  products.forEach((product, k) => {
    const degree = product.conduction > 0 && product.conduction < 1 ? ` ${product.conduction.toFixed(2)}` : "";
    const kind = product.electronic_class + degree;
    const words = `${number(product.moles, 3)} ${subscripted(product.formula)} (${kind})`;
    node.append(k ? ", " : "", element("span", { title: product.gap_source }, words));
    const origin = product.origin || (product.estimated ? "estimated" : "");
    if (origin) node.append(" ", originMark(origin));
  });
  return node;
}

function drawStaircase(reactor, uptake, floor) {
  const key = uptake === "formula" ? "uptake_per_formula" : "capacity_mah_per_g";
  const unit = uptake === "formula" ? `${reactor.anode} per ${subscripted(reactor.formula)}` : "Charge (mAh/g)";
  const plateaus = reactor.plateaus;
  const starts = [0, ...plateaus.map((plateau) => plateau[key])];
  const words = plateaus.map((plateau) => [
    reactionText(plateau.reaction), `${sure(plateau.voltage_v, plateau.voltage_95_v)} V` +
      (plateau.voltage_95_v ? ` (95 %: ${bounds(plateau.voltage_95_v)})` : ""),
    `to ${number(plateau.uptake_per_formula)} ${reactor.anode} per formula, ${number(plateau.capacity_mah_per_g)} mAh/g`,
  ]);
  chart("staircase-chart", (look) => ({
    traces: [
      ...plateaus.flatMap((plateau, k) => (plateau.voltage_95_v ? [{
        x: [starts[k], plateau[key], plateau[key], starts[k]],
        y: [plateau.voltage_95_v[0], plateau.voltage_95_v[0], plateau.voltage_95_v[1], plateau.voltage_95_v[1]],
        mode: "none", fill: "toself", fillcolor: banded(look.series[0]), hoverinfo: "skip", showlegend: false,
      }] : [])),
      { x: plateaus.flatMap((plateau, k) => [starts[k], plateau[key]]),
        y: plateaus.flatMap((plateau) => [plateau.voltage_v, plateau.voltage_v]),
        mode: "lines", line: { color: look.series[0], width: 2.5, dash: reactor.origin ? "dash" : "solid" },
        hoverinfo: "skip", showlegend: false },
      { x: plateaus.map((plateau, k) => (starts[k] + plateau[key]) / 2), y: plateaus.map((plateau) => plateau.voltage_v),
        mode: "markers", marker: { color: look.paper, size: 8, line: { color: look.series[0], width: 2 } },
        text: words.map((lines) => lines.map(escaped).join("<br>")), hovertemplate: "%{text}<extra></extra>",
        showlegend: false },
    ],
    layout: {
      xaxis: axis(look, escaped(unit), { rangemode: "tozero" }),
      yaxis: axis(look, escaped(`Voltage against ${reactor.anode} (V)`), { rangemode: "tozero" }),
      shapes: floor === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: floor, y1: floor,
        line: { color: look.muted, width: 1, dash: "dot" } }],
    },
  }));
  byId("staircase-caption").textContent = plateaus.length
    ? `Uptake of ${reactor.anode} by ${subscripted(reactor.formula)} as the voltage falls; the circle on a plateau shows its reaction, the light band holds its true voltage in 95 % of all cases.` +
      (floor === null ? "" : ` Criteria count plateaus above the dotted line at ${number(floor)} V.`)
    : `${subscripted(reactor.formula)} takes up no ${reactor.anode}.`;
}

// Volumes (left) and attack on the electrolyte (right) against the potential at which the layer is held.
function drawLayer(reactor) {
  const states = reactor.at_potential;
  const volts = states.map((state) => state.potential_v);
  const own = reactor.criteria.alloy_potential_v?.value ?? null;
  const parts = [["metal", "metal_fraction"], ["salt", "salt_fraction"], [subscripted(reactor.electrolyte), "electrolyte_fraction"]];
  chart("layer-chart", (look) => ({
    traces: [
      ...parts.map(([name, key], k) => ({
        x: volts, y: states.map((state) => (state.layer[key] === null ? null : 100 * state.layer[key])), name: escaped(name),
        mode: "lines", line: { color: look.series[k], width: 2, shape: "hv" }, hovertemplate: "%{x:.3f} V: %{y:.1f} vol%",
      })),
      { x: volts, y: states.map((state) => state.attack_ev_per_atom), name: "attack (right)", yaxis: "y2", mode: "lines",
        line: { color: look.ink, width: 2, dash: "dot" }, hovertemplate: "%{x:.3f} V: %{y:.3f} eV/atom" },
    ],
    layout: {
      xaxis: axis(look, escaped(`V* against ${reactor.anode} (V)`), { autorange: "reversed" }),
      yaxis: axis(look, "Volume (%)", { range: [0, 100] }),
      yaxis2: axis(look, "Attack on the electrolyte (eV/atom)", { overlaying: "y", side: "right", showgrid: false }),
      shapes: own === null ? [] : [{ type: "line", yref: "paper", x0: own, x1: own, y0: 0, y1: 1,
        line: { color: look.muted, width: 1, dash: "dash" } }],
    },
  }));
  byId("layer-caption").textContent = states.length
    ? "The layer held at V*, and the reaction energy of its electrolyte there." +
      (own === null ? "" : ` The dashed line is the layer's own potential, ${number(own)} V.`)
    : "Results of a former version: not computed.";
}
