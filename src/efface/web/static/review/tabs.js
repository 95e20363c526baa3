/** Tabs as people and screen readers know them: arrows go from one to the next. */

/** Tells "open" with the id of the panel in `detail`. */
export class Tabs extends EventTarget {
  /** Id of the panel that is open. */
  openId = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    super();
    this.tabs = /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[role="tab"]')]);
    this.openId = String(this.tabs.find((tab) => tab.getAttribute("aria-selected") === "true")?.getAttribute("aria-controls"));
    this.tabs.forEach((tab, i) => {
      tab.addEventListener("click", () => this.open(String(tab.getAttribute("aria-controls"))));
      tab.addEventListener("keydown", (event) => {
        const next = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: -1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        const to = /** @type {HTMLElement} */ (this.tabs.at(next % this.tabs.length));
        this.open(String(to.getAttribute("aria-controls")));
        to.focus();
      });
    });
  }

  /** @param {string} panelId */
  open(panelId) {
    this.openId = panelId;
    for (const tab of this.tabs) {
      const id = String(tab.getAttribute("aria-controls"));
      const isOpen = id === panelId;
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      const panel = document.getElementById(id);
      if (panel) panel.hidden = !isOpen;
    }
    this.dispatchEvent(new CustomEvent("open", { detail: panelId }));
  }
}
