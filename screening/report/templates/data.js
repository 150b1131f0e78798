// Decoding, words and numbers: what every other part uses.

const byId = (id) => document.getElementById(id);

async function decoded(element) {
  const packed = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const ROUNDING = 1e-12;

function number(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < ROUNDING) return "0";
  const text = size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

// A rank is never rounded.
const count = (value) => (value === null || value === undefined ? "–" : String(value));

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

// Amounts after a symbol or a bracket as Unicode subscripts, which stay text everywhere.
function subscripted(text) {
  return text.replace(/(?<=[A-Za-z)\]])\d[\d.]*/g, (amount) =>
    amount.replace(/\d/g, (digit) => SUBSCRIPTS[Number(digit)]));
}

const reactionText = (text) => subscripted(text).replace("->", "→");

// Plotly reads a little markup in its labels: none may come from the data.
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const originMark = (origin) =>
  element("span", { className: "mark", title: `rests on a phase whose energy is ${origin}` }, origin);

const isWide = (pair) => Boolean(pair) && pair[1] - pair[0] > 1e-9;

// Bounds of 95 %, as far as there are any.
const bounds = (pair) => (isWide(pair) ? `${sure(pair[0], pair)} to ${sure(pair[1], pair)}` : "–");

// A number with the digits that its interval leaves.
function sure(value, pair) {
  const half = pair ? (pair[1] - pair[0]) / 2 : 0;
  if (value === null || !(half > 0)) return number(value);
  const size = Math.floor(Math.log10(half));
  const least = Math.max(...pair.map(Math.abs)) < 20 ? 1 : 0;
  const text = value.toFixed(Math.min(12, Math.max(least, -size + (half < 2 * 10 ** size ? 1 : 0))));
  return (Number(text) ? text : text.replace("-", "")).replace("-", "−");
}

// The same with its interval in brackets, as far as it has one.
const withBounds = (value, pair, digits = 4) =>
  (isWide(pair) ? `${sure(value, pair)} (${bounds(pair)})` : number(value, digits));

// Fill a table: heads are {label, kind}; a cell is text, or a node.
function fillTable(table, heads, rows) {
  const head = element("tr", {}, ...heads.map((each) =>
    element("th", { scope: "col", className: each.kind ?? "" }, each.label)));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, k) =>
    element(k === 0 ? "th" : "td", k === 0
      ? { scope: "row", className: heads[k].kind ?? "" }
      : { className: heads[k].kind ?? "" }, cell))));
  table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;
