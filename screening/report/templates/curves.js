// Reaction energy against mixing ratio, on three axes that convert exactly into each other.

const EV_TO_KJ_PER_MOL = 96.48533212;
const POINTS_BETWEEN_KINKS = 40;
const PURE_A = 0.9999;
const NO_ENERGY_EV = 1e-9;

const odds = (x) => x / (1 - x);

// Factor between the odds of A on an axis and by atoms: the same all along a curve. Null without an inner kink.
function oddsFactor(curve, axis) {
  const inner = curve.kinks.find((kink) => kink.x_atomic > 0 && kink.x_atomic < 1);
  return inner ? odds(inner[`x_${axis}`]) / odds(inner.x_atomic) : null;
}

function onAxis(curve, axis, atomic) {
  const factor = axis === "atomic" ? 1 : oddsFactor(curve, axis);
  if (factor === null || atomic === 0 || atomic === 1) return atomic;
  return factor * atomic / (1 - atomic + factor * atomic);
}

// Atoms of B per mole of B as written, from any kink that has an energy in both units; null if none has.
function atomsOfB(curve) {
  const kink = curve.kinks.find((each) => each.kj_per_mol_b !== null && Math.abs(each.total_ev_per_atom) > NO_ENERGY_EV);
  if (!kink) return null;
  return kink.kj_per_mol_b / EV_TO_KJ_PER_MOL / kink.total_ev_per_atom * (1 - kink.x_atomic);
}

function energyAt(curve, energyPerAtom, atomic, per) {
  if (per === "atom") return energyPerAtom;
  const atoms = atomsOfB(curve);
  return atoms === null ? 0 : energyPerAtom * EV_TO_KJ_PER_MOL * atoms / (1 - atomic);
}

// Energy per atom is linear between kinks by atoms only: on the other axes, and per mole, the line is sampled.
function sampledLine(curve, settings, read = (kink) => kink[`${settings.energy}_ev_per_atom`]) {
  const { axis, per } = settings;
  const x = [];
  const y = [];
  const put = (atomic, energyPerAtom) => {
    x.push(onAxis(curve, axis, atomic));
    y.push(energyAt(curve, energyPerAtom, atomic, per));
  };
  const kinks = curve.kinks;
  put(kinks[0].x_atomic, read(kinks[0]));
  for (let k = 1; k < kinks.length; k += 1) {
    const [from, to] = [kinks[k - 1], kinks[k]];
    const last = per === "mole" && to.x_atomic === 1;
    // per mole of B a reactant A above the hull has no end: the line stops at the last reaction
    if (last && Math.abs(read(to)) > NO_ENERGY_EV) break;
    for (let step = 1; step <= POINTS_BETWEEN_KINKS; step += 1) {
      const share = step / POINTS_BETWEEN_KINKS * (last ? PURE_A : 1);
      put(from.x_atomic + share * (to.x_atomic - from.x_atomic), read(from) + share * (read(to) - read(from)));
    }
  }
  return { x, y };
}

function innerKinks(curve) {
  return curve.kinks.filter((kink) => kink.x_atomic > 0 && kink.x_atomic < 1);
}

const curveName = (curve) => {
  const origins = [...new Set(Object.values(curve.origins))].join(", ");
  return subscripted(`${curve.a} | ${curve.b}`) + (origins ? ` (${origins})` : "") + (curve.reacts ? "" : " (no reaction)");
};

// kJ per mole of B with the interval; none at the pure A end.
function perMole(curve, kink, name) {
  if (kink.x_atomic >= 1) return "–";
  const inKj = (energy) => energyAt(curve, energy, kink.x_atomic, "mole");
  return withBounds(inKj(kink[`${name}_ev_per_atom`]), kink[`${name}_95_ev_per_atom`]?.map(inKj), 3);
}

function kinkWords(curve, kink, settings) {
  const energy = kink[`${settings.energy}_ev_per_atom`];
  const within = kink[`${settings.energy}_95_ev_per_atom`];
  return [
    reactionText(kink.reaction),
    `${sure(energy, within)} eV/atom${within ? ` (95 %: ${bounds(within)})` : ""}, ${perMole(curve, kink, settings.energy)} kJ per mol of ${subscripted(curve.b)} (${settings.energy})`,
    `x = ${number(kink.x_atomic)} atomic, ${number(kink.x_molar)} molar, ${number(kink.x_mass)} mass`,
    ...Object.entries(curve.origins).map(([name, origin]) => `${origin}: ${subscripted(name)}`),
  ];
}

// A light band where the true curve lies, as far as the kinks carry intervals.
function bandTraces(curve, settings, colour, legendgroup) {
  const key = `${settings.energy}_95_ev_per_atom`;
  if (curve.kinks.some((kink) => !kink[key])) return [];
  const [low, high] = [0, 1].map((end) => sampledLine(curve, settings, (kink) => kink[key][end]));
  return [{ x: [...low.x, ...high.x.reverse()], y: [...low.y, ...high.y.reverse()], mode: "none", fill: "toself",
    fillcolor: banded(colour), hoverinfo: "skip", showlegend: false, legendgroup }];
}

function curveTraces(curves, settings, look) {
  return curves.flatMap((curve, k) => {
    const colour = look.series[k % look.series.length];
    const inner = innerKinks(curve);
    const name = escaped(curveName(curve));
    return [
      ...bandTraces(curve, settings, colour, String(k)),
      { ...sampledLine(curve, settings), mode: "lines", name, legendgroup: String(k), hoverinfo: "skip",
        line: { color: colour, width: 2, dash: Object.keys(curve.origins).length ? "dash" : "solid" } },
      {
        x: inner.map((kink) => onAxis(curve, settings.axis, kink.x_atomic)),
        y: inner.map((kink) => energyAt(curve, kink[`${settings.energy}_ev_per_atom`], kink.x_atomic, settings.per)),
        mode: "markers", name, legendgroup: String(k), showlegend: false,
        marker: { color: look.paper, size: 8, line: { color: colour, width: 2 } },
        customdata: inner.map((kink) => `${curveName(curve)}: ${reactionText(kink.reaction)}`),
        text: inner.map((kink) => kinkWords(curve, kink, settings).map(escaped).join("<br>")),
        hovertemplate: "%{text}<extra></extra>",
      },
    ];
  });
}

const AXIS_LABELS = { atomic: "Atomic fraction", molar: "Molar fraction", mass: "Mass fraction" };

function drawCurves(curves, settings) {
  const unique = (key) => [...new Set(curves.map((curve) => subscripted(curve[key])))];
  const [a, b] = [unique("a").join(" or "), unique("b")];
  const of = b.length === 1 ? b[0] : "the reactor";
  const unit = settings.per === "atom" ? "eV/atom" : `kJ per mol of ${of}`;
  const kind = settings.energy === "total" ? "Total" : "Mutual";
  chart("curves-chart", (look) => ({
    traces: curveTraces(curves, settings, look),
    layout: {
      xaxis: axis(look, escaped(`${AXIS_LABELS[settings.axis]} of ${a} in ${of}`), { range: [0, 1] }),
      yaxis: axis(look, escaped(`${kind} energy (${unit})`)),
    },
  }));
  byId("curves-caption").textContent =
    `${kind} reaction energy of ${a} with ${of}, ${settings.per === "atom" ? "eV per atom of the mixture" : unit}, ` +
    `against the ${settings.axis} fraction of ${a}. Circles are balanced reactions; the pointer shows them.` +
    " A light band holds the true energy in 95 % of all cases." +
    (curves.some((curve) => Object.keys(curve.origins).length) ? " A dashed line rests on a phase that is none of the source's own." : "");
  fillKinks(curves, settings);
}

function fillKinks(curves, settings) {
  const heads = [
    { label: "reaction", kind: "words" }, { label: "atomic", kind: "number" }, { label: "molar", kind: "number" },
    { label: "mass", kind: "number" }, { label: "total, eV/atom", kind: "number" }, { label: "95 %", kind: "number" },
    { label: "mutual, eV/atom", kind: "number" }, { label: "95 %", kind: "number" }, { label: `${settings.energy}, kJ per mol of the second`, kind: "number" },
    { label: "contact" },
  ];
  const rows = curves.flatMap((curve) => curve.kinks.map((kink) => [
    reactionText(kink.reaction), number(kink.x_atomic), number(kink.x_molar), number(kink.x_mass),
    sure(kink.total_ev_per_atom, kink.total_95_ev_per_atom), bounds(kink.total_95_ev_per_atom),
    sure(kink.mutual_ev_per_atom, kink.mutual_95_ev_per_atom), bounds(kink.mutual_95_ev_per_atom),
    perMole(curve, kink, settings.energy), curveName(curve),
  ]));
  fillTable(byId("kinks-table"), heads, rows);
}
