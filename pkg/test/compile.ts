// Compiles files as a user of the package would: against its declarations, from a folder beside it.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Tests run in pkg/dist-test/test. */
export const PKG = fileURLToPath(new URL('../..', import.meta.url));
export const ROOT = join(PKG, '..');
const OUT = join(PKG, 'dist-test');
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/** The strictest flags that a project may have. */
export const STRICTEST = {
  target: 'ES2022', module: 'NodeNext', moduleDetection: 'force', noEmit: true, strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true, noImplicitOverride: true, noImplicitReturns: true, noFallthroughCasesInSwitch: true,
  noUncheckedSideEffectImports: true, verbatimModuleSyntax: true, isolatedModules: true,
};
export const BROWSER = { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] as string[] };
export const NODE = { lib: ['ES2022'], types: ['node'] };

/** Runs the compiler; gives what it reports, which is nothing if there is nothing to report. */
export async function tsc(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [TSC, '--pretty', 'false', ...args], { cwd: PKG }).catch((error: { stdout?: string }) => {
    if (!error.stdout) throw error;
    return { stdout: error.stdout };
  });
  return stdout.trim();
}

/** Writes the package with its declarations where projects below `folder` find it. */
export async function installDeclarations(folder: string): Promise<void> {
  const home = join(OUT, folder, 'node_modules/luke-web');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  cpSync(join(PKG, 'package.json'), join(home, 'package.json'));
  const reported = await tsc('-p', PKG, '--emitDeclarationOnly', '--outDir', join(home, 'dist'));
  if (reported) throw new Error(reported);
}

/** Compiles these files as a project of this name with these options; gives what the compiler reports. */
export async function compile(name: string, options: object, files: Record<string, string>): Promise<string> {
  const folder = join(OUT, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const include = Object.keys(files);
  const typeRoots = [join(ROOT, 'node_modules/@types')];
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...STRICTEST, typeRoots, ...options }, include }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return tsc('-p', folder);
}
