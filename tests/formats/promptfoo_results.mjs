// Asks promptfoo what it says of the cases in promptfoo_cases.yaml, and writes promptfoo_results.json.
//   npm install --prefix DIR promptfoo@0.121.3
//   node tests/formats/promptfoo_results.mjs DIR [OUT]
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [dir, out = path.join(here, 'promptfoo_results.json')] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(dir), 'package.json'));
const home = path.join(path.resolve(dir), 'node_modules', 'promptfoo');
const { version } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
const { default: promptfoo } = await import(pathToFileURL(path.join(home, 'dist', 'src', 'index.js')));
const yaml = require('js-yaml');
const cases = yaml.load(fs.readFileSync(path.join(here, 'promptfoo_cases.yaml'), 'utf8'));

const results = {};
for (const [type, list] of Object.entries(cases)) {
  results[type] = [];
  for (const one of list) {
    const assertion = { type: (one.not ? 'not-' : '') + type };
    if ('value' in one) assertion.value = one.value;
    if ('threshold' in one) assertion.threshold = one.threshold;
    const output = one.calls
      ? JSON.stringify({ tool_calls: one.calls.map((name) => ({ function: { name, arguments: '{}' } })) })
      : one.output;
    const providerResponse = { output, cost: one.cost, logProbs: one.logprobs, finishReason: one.finish };
    try {
      const found = await promptfoo.assertions.runAssertion({
        assertion, test: { vars: one.vars ?? {} }, providerResponse, latencyMs: one.latency,
      });
      results[type].push({ pass: found.pass, score: found.score });
    } catch (problem) {
      results[type].push({ error: String(problem.message).split('\n')[0].slice(0, 100) });
    }
  }
}
const lines = Object.entries(results).map(
  ([type, list]) => `    ${JSON.stringify(type)}: [\n${list.map((r) => `      ${JSON.stringify(r)}`).join(',\n')}\n    ]`,
);
fs.writeFileSync(out, `{\n  "promptfoo": "${version}",\n  "results": {\n${lines.join(',\n')}\n  }\n}\n`);
