// Asks promptfoo what it says of the cases in promptfoo_cases.yaml, and writes promptfoo_results.json.
//   npm install --prefix DIR promptfoo@0.121.3
//   node tests/formats/promptfoo_results.mjs DIR [OUT]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire, register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

process.env.PROMPTFOO_DISABLE_TELEMETRY = process.env.PROMPTFOO_DISABLE_UPDATE = '1';
const here = path.dirname(fileURLToPath(import.meta.url));
const [dir, out = path.join(here, 'promptfoo_results.json')] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(dir), 'package.json'));
const home = path.join(path.resolve(dir), 'node_modules', 'promptfoo');
// promptfoo 0.121.3 takes names of two packages that Node, of any version, sees no names in.
const shims = Object.fromEntries(
  Object.entries({ 'node-sql-parser': ['Parser'], natural: ['PorterStemmer', 'WordNet'] }).map(([name, names]) => {
    const file = JSON.stringify(pathToFileURL(require.resolve(name)).href);
    const text = `import all from ${file}; export const { ${names.join(', ')} } = all;`;
    return [name, `data:text/javascript,${encodeURIComponent(text)}`];
  }),
);
const hook = `const shims = ${JSON.stringify(shims)};
export const resolve = (name, context, next) => (shims[name] ? { url: shims[name], shortCircuit: true } : next(name, context));`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
const { version } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
const { default: promptfoo, ...schemas } = await import(pathToFileURL(path.join(home, 'dist', 'src', 'index.js')));
const yaml = require('js-yaml');
const cases = yaml.load(fs.readFileSync(path.join(here, 'promptfoo_cases.yaml'), 'utf8'));

const results = {};
for (const [type, list] of Object.entries(cases)) {
  results[type] = [];
  for (const one of list) {
    const assertion = { type: (one.not ? 'not-' : '') + type };
    if ('value' in one) assertion.value = one.value;
    if ('threshold' in one) assertion.threshold = one.threshold;
    const calls = (one.calls ?? []).map((call) => (call.name ? call : { name: call, arguments: '{}' }));
    const output = one.calls
      ? one.tools ? { tool_calls: calls.map((call) => ({ type: 'function', function: call })) }
        : JSON.stringify({ tool_calls: calls.map((call) => ({ function: call })) })
      : one.output;
    const providerResponse = { output, cost: one.cost, logProbs: one.logprobs, finishReason: one.finish };
    const test = { vars: one.vars ?? {}, options: { ...one.options } };
    if (one.replies) {
      const replies = [...one.replies];
      test.options.provider = { id: () => 'scripted', callApi: async () => ({ output: replies.shift() }) };
    }
    const provider = { id: () => 'asked', config: { tools: one.tools }, callApi: async () => ({ output: '' }) };
    try {
      const found = await promptfoo.assertions.runAssertion({
        prompt: 'What was asked', provider, assertion, test, providerResponse, latencyMs: one.latency,
      });
      results[type].push({ pass: found.pass, score: found.score });
    } catch (problem) {
      results[type].push({ error: String(problem.message).split('\n')[0].slice(0, 100) });
    }
  }
}

// The configs that run with `echo`: [provider, output, pass, score] of each row, sorted.
const configs = {};
const all = yaml.load(fs.readFileSync(path.join(here, 'promptfoo_configs.yaml'), 'utf8'));
const program = path.join(path.resolve(dir), 'node_modules', '.bin', 'promptfoo');
for (const [name, { config, files = {} }] of Object.entries(all)) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'promptfoo-'));
  const found = path.join(folder, 'found.json');
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  fs.writeFileSync(path.join(folder, 'promptfooconfig.yaml'), yaml.dump(config));
  const asked = spawnSync(process.execPath, [program, 'eval', '--no-cache', '-c', 'promptfooconfig.yaml', '-o', found], {
    cwd: folder, env: { ...process.env, PROMPTFOO_CONFIG_DIR: folder }, encoding: 'utf8',
  });
  if (!fs.existsSync(found)) throw new Error(`${name}: ${asked.stderr}${asked.stdout}`);
  const data = JSON.parse(fs.readFileSync(found, 'utf8')).results;
  configs[name] = data.results
    .map((r) => [r.provider.label || r.provider.id, r.response?.output ?? null, r.success, Math.round(r.score * 1e9) / 1e9])
    .sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
  fs.rmSync(folder, { recursive: true });
}
const types = [...schemas.BaseAssertionTypesSchema.options, ...schemas.SpecialAssertionTypesSchema.options, 'assert-set'].sort();
const listed = (entries) =>
  Object.entries(entries)
    .map(([name, list]) => `    ${JSON.stringify(name)}: [\n${list.map((r) => `      ${JSON.stringify(r)}`).join(',\n')}\n    ]`)
    .join(',\n');
fs.writeFileSync(
  out,
  `{\n  "promptfoo": "${version}",\n  "types": ${JSON.stringify(types)},\n  "results": {\n${listed(results)}\n  },\n  "configs": {\n${listed(configs)}\n  }\n}\n`,
);
