// The public API as text: one report for each entry of the package, in pkg/api. A change of the API shows there, and is reviewed.
//   node tests/packaging/api.mjs --update     writes the reports anew, from the declarations in pkg/dist
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE } from './pack.mjs';

export const ENTRIES = ['index', 'react', 'service-worker', 'worker'];
const REPORTS = join(PACKAGE, 'api');

/** Compares the API of an entry with its report: a list of problems. With `isUpdate` it writes the report instead. */
export function checkApi(entry, scratch, isUpdate = false) {
  const problems = [];
  const none = { logLevel: 'none', addToApiReportFile: false };
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(PACKAGE, 'package.json'),
    configObject: {
      projectFolder: PACKAGE,
      mainEntryPointFilePath: join(PACKAGE, `dist/${entry}.d.ts`),
      compiler: { tsconfigFilePath: join(PACKAGE, 'tsconfig.json') },
      apiReport: { enabled: true, reportFileName: entry, reportFolder: REPORTS, reportTempFolder: scratch },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'error' },
          'ae-missing-release-tag': none, // everything that is exported is public
          // index.js exports the types of the package; the other entries use them.
          'ae-forgotten-export': entry === 'index' ? { logLevel: 'error' } : none,
          'ae-unresolved-link': none, // typedoc checks links
        },
        tsdocMessageReporting: { default: none }, // typedoc reads the comments
      },
    },
  });
  mkdirSync(REPORTS, { recursive: true });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: isUpdate,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === 'error') problems.push(message.formatMessageWithLocation(PACKAGE));
    },
  });
  if (apiReportChanged && !isUpdate) problems.push(`the API of ${entry} is not that of pkg/api/${entry}.api.md: if it should be, run node tests/packaging/api.mjs --update`);
  return problems;
}

/** The report that the declarations give now. */
export function currentReport(entry, scratch) {
  return readFileSync(join(scratch, `${entry}.api.md`), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const scratch = mkdtempSync(join(tmpdir(), 'luke-web-api-'));
  const problems = ENTRIES.flatMap((entry) => checkApi(entry, scratch, process.argv.includes('--update')));
  rmSync(scratch, { recursive: true });
  for (const problem of problems) console.error(problem);
  process.exit(problems.length > 0 ? 1 : 0);
}
