// One look for all charts; drawn again when the colours or the medium change.

const charts = new Map();
const printing = matchMedia("print");
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 40rem)");
const PRINT_WIDTH = 900;

function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"), muted: colour("muted"), paper: colour("paper"), grid: colour("grid"), line: colour("line"),
    series: [0, 1, 2, 3, 4, 5, 6].map((k) => colour(`c${k}`)),
  };
}

function axis(look, title, more = {}) {
  return {
    title: { text: title, standoff: 8 }, color: look.ink, gridcolor: look.grid, linecolor: look.line,
    zerolinecolor: look.muted, zerolinewidth: 1, automargin: true, ...more,
  };
}

// Draw now and whenever the theme changes; `make` takes the theme and gives {traces, layout}.
function chart(id, make) {
  charts.set(id, make);
  return draw(id);
}

function draw(id) {
  const node = byId(id);
  const look = theme();
  const { traces, layout } = charts.get(id)(look);
  const base = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: look.ink, size: 13, family: getComputedStyle(document.body).fontFamily },
    margin: { l: narrow.matches ? 48 : 60, r: 16, t: narrow.matches ? 16 : 44, b: 50 }, hovermode: "closest", dragmode: narrow.matches ? false : "zoom", hoverdistance: 60,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    hoverlabel: { bgcolor: look.paper, bordercolor: look.muted, font: { color: look.ink }, align: "left" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: look.muted, activecolor: look.ink, orientation: "h" },
    autosize: !printing.matches, width: printing.matches ? PRINT_WIDTH : undefined,
    height: printing.matches ? node.clientHeight : undefined,
  };
  const config = {
    displaylogo: false, responsive: true, scrollZoom: false,
    // no button may send a chart anywhere
    showSendToCloud: false, showEditInChartStudio: false, plotlyServerURL: "",
    displayModeBar: !narrow.matches && !printing.matches,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg", filename: id },
  };
  return Plotly.react(node, traces, { ...base, ...layout }, config);
}

// A colour as a light band.
const banded = (colour) => `${colour}26`;

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function blend(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  return `#${a.map((value, k) => Math.round(value + share * (b[k] - value)).toString(16).padStart(2, "0")).join("")}`;
}

// Relative luminance as WCAG 2 defines it.
function luminance(colour) {
  const linear = channels(colour).map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

// Ink or paper, whichever stands out more from a background.
function readable(background, look) {
  const contrast = (colour) => {
    const [a, b] = [luminance(colour), luminance(background)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  return contrast(look.ink) >= contrast(look.paper) ? look.ink : look.paper;
}

const drawAll = () => { for (const id of charts.keys()) draw(id); };
for (const medium of [printing, dark, narrow]) medium.addEventListener("change", drawAll);

// Show what lies under the pointer, as text, below the chart.
function readout(id, target, words) {
  const node = byId(id);
  node.on("plotly_hover", (event) => { byId(target).textContent = words(event.points[0]) ?? ""; });
}
