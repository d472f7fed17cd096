// The answer box of an exercise: judges as kltools.exercises.check does, from verdicts computed at build time.
(() => {
  const number = (text) => {
    const bare = text.trim().replace(/^\w\s*=\s*/, "").replace(/\s*(bits?|flips?)$/i, "").replace(/\u2212/g, "-");
    const clean = bare.replace(/^([+-]?\d+),(\d+)$/, "$1.$2");
    const fraction = /^([+-]?[\d.]+)\s*\/\s*([\d.]+)$/.exec(clean);
    if (fraction) return Number(fraction[1]) / Number(fraction[2]);
    if (/^[+-]?(inf|infinity|\u221e)$/i.test(clean)) return clean.startsWith("-") ? -Infinity : Infinity;
    return clean === "" ? NaN : Number(clean);
  };
  const judgeNumber = (key, text) => {
    if (text.trim() === "") return key.other.unanswered;
    const answer = number(text);
    if (Number.isNaN(answer)) return key.other.invalid;
    const near = (value, share) => answer === value || Math.abs(answer - value) <= share * Math.abs(value);
    const known = key.verdicts.find((verdict) => near(verdict.answer, key.tolerance));
    if (known) return known;
    return near(key.verdicts[0].answer, key.close) ? key.other.close : key.other.wrong;
  };
  const judgeChoice = (key, letter) =>
    letter ? key.verdicts.find((verdict) => verdict.answer === letter) : key.other.unanswered;

  const show = (output, verdict) => {
    output.dataset.status = verdict.status;
    const parts = verdict.text.split(/`([^`]+)`/);
    output.replaceChildren(...parts.map((part, i) => {
      if (i % 2 === 0) return document.createTextNode(part);
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }));
  };

  const start = () => {
    for (const form of document.querySelectorAll("form.kl-answer")) {
      const key = JSON.parse(form.querySelector("script").textContent);
      const field = form.elements[form.dataset.exercise];
      const output = form.querySelector("output");
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        show(output, key.options ? judgeChoice(key, field.value) : judgeNumber(key, field.value));
      });
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
