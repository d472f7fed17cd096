// Answers each line of JSON on stdin, {"source", "display"}, with a line on stdout: {"html"} or {"error"}.
const katex = require(process.argv[2]);
const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { source, display } = JSON.parse(line);
  let answer;
  try {
    answer = { html: katex.renderToString(source, { displayMode: display, throwOnError: true, strict: "error" }) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
