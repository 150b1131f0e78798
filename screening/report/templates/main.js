// Start: decode the data, then connect the parts.

// Definitions on hover and on focus, from the very text that assistive technology is pointed to.
function connectTips() {
  const tip = byId("tip");
  const hide = () => { tip.hidden = true; };
  const show = (event) => {
    const source = event.target.closest("#ranking-table [aria-describedby]");
    if (!source) return;
    tip.textContent = byId(source.getAttribute("aria-describedby")).textContent;
    tip.hidden = false;
    const box = source.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left), document.documentElement.clientWidth - tip.offsetWidth - 8);
    const below = box.bottom + 6;
    const top = below + tip.offsetHeight < innerHeight ? below : Math.max(8, box.top - tip.offsetHeight - 6);
    Object.assign(tip.style, { left: `${left}px`, top: `${top}px` });
  };
  for (const event of ["mouseover", "focusin"]) document.addEventListener(event, show);
  for (const event of ["mouseout", "focusout"]) document.addEventListener(event, hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("scroll", hide, true);
}

async function start() {
  if (typeof DecompressionStream === "undefined") {
    byId("failure").textContent = "This browser cannot unpack the page's data; one from 2023 or later can.";
    byId("failure").hidden = false;
    return;
  }
  const page = await decoded(byId("payload"));
  const reactors = page.reactors.length ? new ReactorView(page) : null;
  const ranking = new Ranking(page, (k) => {
    reactors.show(k);
    byId("reactor").scrollIntoView();
    byId("reactor-choice").focus({ preventScroll: true });
  });
  const comparison = new Comparison(page, ranking);
  byId("pair")?.addEventListener("change", () => {
    ranking.pair = Number(byId("pair").value);
    ranking.choose();
    reactors?.offer(ranking.pair);
    comparison.draw();
  });
  connectTips();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  byId("failure").textContent = `The page cannot show its data (${error.message}).`;
  byId("failure").hidden = false;
  throw error;
});
