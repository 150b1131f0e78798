// State stands in the address: a link is a result. Shared fields go along to other pages.
"use strict";
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.explorer = {
  remember: function () {
    const shared = ["snapshot", "phases", "energies", "run"];
    const [fields] = dash_clientside.callback_context.inputs_list;
    const links = dash_clientside.callback_context.outputs_list;
    const state = new URLSearchParams();
    for (const field of fields) {
      const value = field.value;
      if (value !== undefined && value !== null && value !== "") state.set(field.id.name, String(value));
    }
    if (fields.length) {
      const search = state.toString();
      history.replaceState(history.state, "", location.pathname + (search ? `?${search}` : ""));
    }
    return links.map((link) => {
      const kept = new URLSearchParams(shared.filter((name) => state.has(name)).map((name) => [name, state.get(name)]));
      return `/${link.id.page}` + (kept.size ? `?${kept}` : "");
    });
  },
  // Other weights: the grid asks for its rows anew.
  reorder: function () {
    try { dash_ag_grid.getApi("grid").purgeInfiniteCache(); } catch (error) { /* not there yet: it asks by itself */ }
    return "";
  },
};

// A slider's thumb and a place to drop files have no name of their own: they take that of their label, whenever they come.
new MutationObserver(() => {
  for (const place of document.querySelectorAll(".drop :is([tabindex], input):not([aria-label])")) {
    place.setAttribute("aria-label", `${place.closest(".field").querySelector(".label").textContent}: choose files`);
    if (place.tabIndex >= 0) place.setAttribute("role", "button");
  }
  for (const thumb of document.querySelectorAll(".weights :is([role=slider], input):not([aria-label])")) {
    thumb.setAttribute("aria-label", thumb.closest(".field").querySelector("label").textContent);
  }
}).observe(document.documentElement, { childList: true, subtree: true });

// What the server cannot answer: too large a request, which is not sent, and any at all once it has ended.
const send = window.fetch;
window.fetch = async (...given) => {
  const notice = document.getElementById("unanswered"), bytes = given[1]?.body?.length ?? 0;
  const say = (words) => { if (notice) { notice.textContent = words; notice.hidden = !words; } };
  if (bytes > Number(notice?.dataset.mostBytes)) {
    say("these files are larger than 48 MB together: give fewer at once, or use the command line");
    return new Response(null, { status: 204 });
  }
  try {
    const answer = await send(...given);
    if (bytes > 100000 || notice?.textContent.startsWith("no connection")) say("");
    return answer;
  } catch (error) {
    say("no connection: the server has ended; start screening explore again");
    throw error;
  }
};
