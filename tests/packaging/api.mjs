// The public API as text: one report for each entry of the package, in pkg/api. A change of the API shows there, and is reviewed.
//   node tests/packaging/api.mjs --update     writes the reports anew, from the declarations in pkg/dist
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE } from './pack.mjs';

const { exports } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
/** The entries of the package that have declarations, by the names of these: `index`, `react` and so on. */
export const ENTRIES = Object.values(exports).flatMap(({ types }) => (types ? [basename(types, '.d.ts')] : []));
const REPORTS = join(PACKAGE, 'api');

/** Compares the API of each entry with its report: the problems by entry. With `isUpdate` it writes the reports instead. */
export function checkApi(scratch, isUpdate = false) {
  mkdirSync(REPORTS, { recursive: true });
  const configs = ENTRIES.map((entry) => configOf(entry, scratch));
  const compilerState = CompilerState.create(configs[0], { additionalEntryPoints: ENTRIES.map(declarations) }); // all are compiled once
  const check = (entry, config) => {
    const problems = [];
    const messageCallback = (message) => {
      message.handled = true;
      if (message.logLevel === 'error') problems.push(message.formatMessageWithLocation(PACKAGE));
    };
    const { apiReportChanged } = Extractor.invoke(config, { localBuild: isUpdate, compilerState, messageCallback });
    if (apiReportChanged && !isUpdate) problems.push(`it is not that of pkg/api/${entry}.api.md: if it should be, run node tests/packaging/api.mjs --update`);
    return problems;
  };
  return Object.fromEntries(ENTRIES.map((entry, i) => [entry, check(entry, configs[i])]));
}

function configOf(entry, scratch) {
  const none = { logLevel: 'none', addToApiReportFile: false };
  const { compilerOptions } = JSON.parse(readFileSync(join(PACKAGE, 'tsconfig.json'), 'utf8'));
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(PACKAGE, 'package.json'),
    configObject: {
      projectFolder: PACKAGE,
      mainEntryPointFilePath: declarations(entry),
      compiler: { overrideTsconfig: { compilerOptions: { ...compilerOptions, rootDir: 'dist' }, files: ENTRIES.map(declarations) } },
      // The report of index has all types of the package; the other entries use them.
      apiReport: { enabled: true, reportFileName: entry, reportFolder: REPORTS, reportTempFolder: scratch, includeForgottenExports: entry === 'index' },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'error' },
          'ae-missing-release-tag': none, // everything that is exported is public
          'ae-forgotten-export': none,
          'ae-undocumented': none,
          'ae-unresolved-link': none, // typedoc checks links
        },
        tsdocMessageReporting: { default: none }, // typedoc reads the comments
      },
    },
  });
}

function declarations(entry) {
  return join(PACKAGE, `dist/${entry}.d.ts`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const scratch = mkdtempSync(join(tmpdir(), 'luke-web-api-'));
  const problems = Object.entries(checkApi(scratch, process.argv.includes('--update'))).flatMap(([entry, found]) => found.map((problem) => `${entry}: ${problem}`));
  rmSync(scratch, { recursive: true });
  for (const problem of problems) console.error(problem);
  process.exit(problems.length > 0 ? 1 : 0);
}
