"use strict";
// A worklist on a phone, without network: the list, the answers, and the file to send back. No library.
(() => {
  const $ = (id) => document.getElementById(id);
  const W = JSON.parse($("words").textContent);
  const packed = JSON.parse($("data").textContent);
  const make = (tag, props = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name in node && name !== "list") node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
    return node;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const text64 = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""));
  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const today = () => {
    const now = new Date();
    return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
  };

  let key = null;           // of a locked file: also locks what is kept in the browser
  let pass = "";
  let sheet = null;
  let answers = {};         // case -> {outcomes: {topic: code}, visited_at, note}
  let keeps = true;
  let lost = false;         // what was kept in the browser does not open with this passphrase
  let show = "all";
  let saving = Promise.resolve();
  const place = () => "tepat:" + packed.list;

  // ------------------------------------------------------------ lock
  const keyOf = async (salt, iterations) => {
    const material = await crypto.subtle.importKey("raw", new TextEncoder().encode(pass), "PBKDF2", false, ["deriveKey"]);
    return crypto.subtle.deriveKey(
      { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations },
      material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  };
  const opened = async (nonce, box, as, by) => new TextDecoder().decode(await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: bytes(nonce), additionalData: new TextEncoder().encode(as) }, by, bytes(box)));

  // ------------------------------------------------------------ memory
  const read = async () => {
    try {
      const kept = localStorage.getItem(place());
      if (!kept) return {};
      if (!key) return JSON.parse(kept);
      const [nonce, box, salt, iterations] = JSON.parse(kept);   // the list may have been made anew since, with another salt
      const by = salt === packed.salt ? key : await keyOf(salt, iterations);
      return JSON.parse(await opened(nonce, box, "answers", by));
    } catch (error) {
      if (error.name === "OperationError") {                     // locked with another passphrase: laid aside, not lost
        localStorage.setItem(place() + ":" + Date.now(), localStorage.getItem(place()));
        lost = true;
      } else if (!(error instanceof SyntaxError)) keeps = false;
      return {};
    }
  };
  const write = async () => {
    try {
      let kept = JSON.stringify(answers);
      if (key) {
        const nonce = crypto.getRandomValues(new Uint8Array(12));
        const box = await crypto.subtle.encrypt(
          { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode("answers") }, key, new TextEncoder().encode(kept));
        kept = JSON.stringify([text64(nonce), text64(box), packed.salt, packed.iterations]);
      }
      localStorage.setItem(place(), kept);
    } catch (error) {
      keeps = false;
      warn();
    }
  };
  const keep = () => { saving = saving.then(write); return saving; };
  const warn = () => { $("not-kept").hidden = keeps; };

  // ------------------------------------------------------------ one visit
  const entry = (id) => (answers[id] ??= { outcomes: {}, visited_at: "", note: "" });
  const filled = (id) => Object.keys(answers[id]?.outcomes ?? {}).length > 0;
  const label = (code) => sheet.answers.find((a) => a.code === code);

  const question = (visit, asked, changed) => {
    const meant = make("p", { className: "meant", ariaLive: "polite" });
    const buttons = asked.choices.map((code) => make("button", { type: "button", value: code, onclick: () => {
      const mine = entry(visit.case_id);
      if (mine.outcomes[asked.topic] === code) delete mine.outcomes[asked.topic];
      else mine.outcomes[asked.topic] = code;
      if (!mine.visited_at && Object.keys(mine.outcomes).length) mine.visited_at = today();
      changed();
    } }, label(code).label));
    const node = make("section", { "data-topic": asked.topic },
      make("h3", { className: "topic" }, asked.title), ...asked.findings.map((f) => make("p", {}, f)),
      make("p", { className: "small" }, make("b", {}, W.check + ": "), asked.check),
      make("p", { className: "small" }, make("b", {}, W.ask + ": "), asked.ask),
      make("div", { className: "choices", role: "group", ariaLabel: W.answer }, ...buttons), meant);
    node.refresh = () => {
      const now = answers[visit.case_id]?.outcomes[asked.topic];
      buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.value === now)));
      meant.textContent = now ? label(now).meaning : "";
    };
    return node;
  };

  const card = (visit) => {
    const chip = make("span", { className: "chip plain" });
    const where = [visit.dusun, visit.address].filter(Boolean).join(", ");
    const node = make("details", { className: "card visit" });
    const said = make("p", { className: "said", role: "alert" });
    const day = make("input", { type: "date", id: "d-" + visit.case_id, onchange: () => { entry(visit.case_id).visited_at = day.value; changed(); } });
    const note = make("textarea", { id: "n-" + visit.case_id, maxLength: 500, oninput: () => { entry(visit.case_id).note = note.value; keep(); } });
    const questions = visit.questions.map((q) => question(visit, q, () => changed()));
    const fill = () => {
      node.lastChild.replaceChildren(
        make("p", {}, make("span", { className: "nik" }, visit.nik ? "NIK " + visit.nik : ""), visit.no_kk ? " " : "", make("span", { className: "nik" }, visit.no_kk ? "KK " + visit.no_kk : "")),
        make("p", { className: "small soft" }, visit.case_id + (visit.members ? " · " + visit.members + " " + W.members : "") + " · " + W.due + " " + visit.due),
        make("p", { className: "small soft" }, W.why + ": " + visit.why), ...questions,
        make("div", { className: "fields" },
          make("div", {}, make("label", { htmlFor: day.id }, W.columns.visited_at), day),
          make("div", {}, make("label", { htmlFor: note.id }, W.columns.note), note)), said);
    };
    node.append(make("summary", {}, make("span", { className: "no" }, String(visit.n)),
      make("span", { className: "who" }, make("b", {}, visit.name), make("span", { className: "small soft" }, where || visit.desa)), chip), make("div"));
    node.addEventListener("toggle", () => { if (node.open && !node.lastChild.children.length) { fill(); refresh(); } });
    const refresh = () => {
      const mine = answers[visit.case_id];
      const codes = visit.questions.map((q) => mine?.outcomes[q.topic]).filter(Boolean);
      day.value = mine?.visited_at ?? "";
      if (document.activeElement !== note) note.value = mine?.note ?? "";
      node.classList.toggle("done", codes.length > 0);
      chip.textContent = codes.length ? label(codes[0]).label + (codes.length > 1 ? " +" + (codes.length - 1) : "") : W.html.open;
      said.textContent = codes.length && !day.value ? W.html.no_date : day.value > today() ? W.html.future : "";
      questions.forEach((q) => q.refresh());
    };
    const changed = () => { refresh(); count(); keep(); };
    node.visit = visit;
    node.words = plain([visit.name, visit.nik, visit.no_kk, visit.desa, where, visit.case_id, ...visit.questions.flatMap((q) => [q.title, ...q.findings])].join(" "));
    refresh();
    return node;
  };

  // ------------------------------------------------------------ the file to send back
  const cell = (value) => {
    let text = String(value ?? "").replace(/[\r\n]+/g, " ").trim();
    if (/^[=+@\t-]/.test(text)) text = "'" + text;       // a spreadsheet must not run it
    return /[";]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  const outcomesFile = () => {
    const columns = ["case_id", "outcome", "visited_at", "note", "officer", "worklist"];
    const rows = sheet.visits.flatMap((v) => v.questions.filter((q) => answers[v.case_id]?.outcomes[q.topic]).map((q) => {
      const mine = answers[v.case_id];
      return [v.case_id, label(mine.outcomes[q.topic]).label, mine.visited_at, mine.note, sheet.officer, sheet.mark];
    }));
    return rows.length ? "\ufeff" + [columns, ...rows].map((r) => r.map(cell).join(";")).join("\r\n") + "\r\n" : null;
  };
  const save = () => {
    const content = outcomesFile();
    $("send-said").textContent = content ? W.html.exported : W.html.nothing;
    if (!content) return;
    const link = make("a", { href: URL.createObjectURL(new Blob([content], { type: "text/csv" })), download: packed.file });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  // ------------------------------------------------------------ the page
  let cards = [];
  const count = () => { $("count").textContent = sheet.visits.filter((v) => filled(v.case_id)).length + " / " + sheet.visits.length + " " + W.html.filled; };
  const sift = () => {
    const wanted = plain($("search").value).split(/\s+/).filter(Boolean);
    let seen = 0;
    cards.forEach((node) => {
      if (!node.visit) return;
      const is = filled(node.visit.case_id);
      node.hidden = !(wanted.every((w) => node.words.includes(w)) && (show === "all" || (show === "done") === is));
      seen += !node.hidden;
    });
    cards.filter((n) => !n.visit).forEach((head) => { head.hidden = !cards.some((n) => n.visit && !n.hidden && n.group === head.group); });
    $("none").hidden = seen > 0;
  };
  const draw = () => {
    const work = $("work");
    cards = [];
    let group = null;
    for (const visit of sheet.visits) {
      const name = W.day + " " + visit.day + " · " + visit.desa;
      if (name !== group) {
        cards.push(Object.assign(make("h2", { className: "place" }, name), { group: name }));
        group = name;
      }
      cards.push(Object.assign(card(visit), { group: name }));
    }
    const filters = ["all", "open", "done"].map((f) => make("button", { type: "button", value: f, "aria-pressed": String(f === show), onclick: (e) => {
      show = f;
      filters.forEach((b) => b.setAttribute("aria-pressed", String(b === e.currentTarget)));
      sift();
    } }, W.html[f]));
    work.replaceChildren(
      make("p", {}, W.officer + ": " + (sheet.officer || W.nobody)),
      make("p", { className: "small soft" }, W.steps.fourth + " " + W.masked),
      make("details", { className: "card guide" }, make("summary", {}, W.guide),
        make("div", {}, make("ol", {}, ...Object.values(W.html.steps).map((step) => make("li", {}, step))),
          make("dl", {}, ...sheet.answers.flatMap((a) => [make("dt", {}, a.label), make("dd", {}, a.meaning)])))),
      make("p", { id: "not-kept", className: "said", role: "alert", hidden: keeps }, W.html.not_kept),
      make("p", { id: "lost", className: "said", role: "alert", hidden: !lost }, W.html.lost),
      make("div", { className: "tools" },
        make("input", { id: "search", type: "search", placeholder: W.html.search, ariaLabel: W.html.search, oninput: sift }),
        make("div", { className: "filters" }, ...filters)),
      ...cards, make("p", { id: "none", hidden: true }, sheet.visits.length ? W.html.none_found : W.nothing_listed),
      make("p", { className: "small soft" }, sheet.waiting ? sheet.waiting + " " + W.waiting + "." : ""),
      make("div", { className: "send" }, make("div", {}, make("p", { id: "count", className: "num" }), make("button", { id: "save", type: "button", className: "main", onclick: save }, W.html.export)),
        make("p", { id: "send-said", className: "small", ariaLive: "polite" })));
    work.hidden = false;
    $("lock").hidden = true;
    count();
  };
  const start = async (content) => {
    sheet = content;
    answers = await read();
    draw();
  };

  if (!packed.box) { start(packed.sheet); return; }
  $("lock").hidden = false;
  if (!globalThis.crypto?.subtle) { $("lock-said").textContent = W.html.no_crypto; return; }
  $("lock").addEventListener("submit", async (event) => {
    event.preventDefault();
    $("lock-said").textContent = W.html.opening;
    try {
      pass = $("pass").value.trim().normalize("NFC");
      key = await keyOf(packed.salt, packed.iterations);
      const content = JSON.parse(await opened(packed.nonce, packed.box, packed.list, key));
      $("pass").value = "";
      await start(content);
      pass = "";
    } catch (error) {
      key = null;
      $("lock-said").textContent = W.html.wrong;
    }
  });
})();
