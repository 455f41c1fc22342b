"use strict";
(() => {
  const table = document.getElementById("cases");
  if (!table) return;
  document.documentElement.classList.add("js");
  const bodies = () => Array.from(table.tBodies);
  const search = document.getElementById("search");
  const show = document.getElementById("show");
  const shown = document.getElementById("shown");
  const tools = document.getElementById("tools");
  tools.hidden = false;

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const body of bodies()) {
      const text = words.length ? body.textContent.toLowerCase() : "";
      const fits = (!show || !show.value || body.dataset.outcome === show.value) && words.every((w) => text.includes(w));
      body.hidden = !fits;
      if (fits) count += 1;
    }
    shown.textContent = count.toLocaleString("en") + (count === 1 ? " case" : " cases");
  };
  search.addEventListener("input", filter);
  if (show) show.addEventListener("change", filter);

  const toggle = (row) => {
    const more = row.nextElementSibling;
    const open = more.classList.toggle("open");
    row.querySelector("button").setAttribute("aria-expanded", String(open));
  };
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr.case");
    if (row && !String(window.getSelection())) toggle(row);
  });

  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = head.classList.contains("n");
      const keyed = bodies().map((body, place) => {
        const value = body.rows[0].cells[column].dataset.value;
        return { body, place, value: numeric && value !== "" ? Number(value) : value };
      });
      keyed.sort((a, b) => {
        // What is unknown stands last, whichever way.
        if (a.value === "" || b.value === "") return (a.value === "") - (b.value === "") || a.place - b.place;
        const order = numeric ? a.value - b.value : a.value.localeCompare(b.value, "en", { numeric: true });
        return (down ? -order : order) || a.place - b.place;
      });
      table.append(...keyed.map((item) => item.body));
    });
  });
  filter();
})();
