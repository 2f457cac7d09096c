"use strict";
// Keys for those who read without a mouse; everything else is htmx, or plain links and forms.

function step(by) {
  const cards = [...document.querySelectorAll("#cards > .card")];
  const at = cards.indexOf(document.activeElement?.closest(".card"));
  const next = cards[Math.min(Math.max(at + by, 0), cards.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("search")?.focus();
  } else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});
