(() => {
  const root = document.documentElement;
  const log = [], added = [];
  const foreign = new WeakSet(), taken = new WeakSet();
  let parsing = true;

  const within = (node) => {
    for (let at = node; at; at = at.parentNode) if (foreign.has(at)) return true;
    return false;
  };
  const note = (records) => {
    for (const { target, addedNodes, removedNodes, nextSibling } of records) {
      if (target === document || target === root || document.head?.contains(target) || within(target)) continue;
      const [came, went] = [[...addedNodes], [...removedNodes]];
      if (parsing && !went.length && !nextSibling && !came.some((node) => /-/.test(node.localName))) continue;
      for (const node of went) taken.add(node);
      for (const node of came) {
        if (taken.has(node)) continue;
        foreign.add(node);
        if (!went.length && node.nodeType === 1 && node.localName !== "font") added.push(node);
      }
      log.push({ target, came, went, next: nextSibling });
    }
  };
  const observer = new MutationObserver(note);
  observer.observe(document, { childList: true, subtree: true });

  const keepPage = (event) => {
    const transfer = event.dataTransfer;
    if (event.defaultPrevented || !transfer?.types.includes("Files") || event.target.closest?.("input[type=file]")) return;
    event.preventDefault();
    transfer.dropEffect = "none";
  };
  addEventListener("dragover", keepPage);
  addEventListener("drop", keepPage);

  document.addEventListener("readystatechange", () => {
    note(observer.takeRecords());
    parsing = false;
  }, { once: true });

  const holdingFocus = (change) => {
    const active = document.activeElement;
    const range = active && typeof active.selectionStart === "number" ? [active.selectionStart, active.selectionEnd] : undefined;
    change();
    if (active && active !== document.activeElement && active.isConnected) {
      active.focus({ preventScroll: true });
      if (range) active.setSelectionRange(...range);
    }
  };

  document.addEventListener("commonhold:hydrating", () => {
    note(observer.takeRecords());
    observer.disconnect();
    const kept = added
      .filter((node) => node.isConnected)
      .map((node) => ({ node, parent: node.parentNode, next: node.nextSibling, held: node.childNodes.length }));
    holdingFocus(() => {
      for (const { target, came, went, next } of log.reverse()) {
        for (const node of came) if (node.parentNode === target) target.removeChild(node);
        for (const node of went) target.insertBefore(node, next?.parentNode === target ? next : null);
      }
    });

    const listen = EventTarget.prototype.addEventListener;
    const heard = [];
    EventTarget.prototype.addEventListener = function (...how) {
      heard.push([this ?? window, how]);
      return listen.apply(this, how);
    };
    let hydrated = false;
    document.addEventListener("commonhold:hydrated", () => { hydrated = true; }, { once: true });
    setTimeout(() => {
      EventTarget.prototype.addEventListener = listen;
      if (!hydrated) {
        for (const [target, how] of heard) target.removeEventListener(...how);
        root.dataset.notHydrated = "";
      }
      for (const { node, parent, next, held } of kept.reverse()) {
        if (parent.isConnected && node.childNodes.length === held) parent.insertBefore(node, next?.parentNode === parent ? next : null);
      }
    });
  }, { once: true });
})();
