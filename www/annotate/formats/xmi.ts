// UIMA XMI, as INCEpTION, WebAnno and cTAKES write it: a file is a document, and a TypeSystem.xml beside it describes its types.
import type { AnnotatedDocument, Extra } from '../model/types.js';
import { documentOfFile, withoutUsual } from './cas-document.js';
import { LAYER, TOKENS } from './cas-options.js';
import { detectEach, headText } from './detect.js';
import { newCorpus } from './documents.js';
import type { Format, InputFile, ReadResult } from './format.js';
import { ProblemList, type Reporter } from './problems.js';
import { mergeTypes, readTypeSystem } from './type-system.js';
import { fixedUnit } from './units.js';
import { readXmi } from './xmi-read.js';
import { writeXmi, XML } from './xmi-write.js';

export const xmi: Format = {
  id: 'xmi',
  name: 'UIMA XMI (INCEpTION, WebAnno, cTAKES)',
  extensions: ['.xmi', '.xml'],
  unit: 'utf-16',
  writeOptions: [LAYER, TOKENS, XML],
  detect: (files) => (files.some(isXmi) ? detectEach(files, (file) => (isXmi(file) || isTypeSystem(file) ? 0.98 : 0)) : 0),
  read,
  write: writeXmi,
};

/** XMI of UIMA. Other programs write other things in XMI. */
function isXmi(file: InputFile): boolean {
  const head = headText(file);
  return /<[\w.-]+:XMI\s/.test(head) && head.includes('http:///uima/cas.ecore');
}

function isTypeSystem(file: InputFile): boolean {
  return /<(?:[\w.-]+:)?typeSystemDescription[\s>]/.test(headText(file));
}

function read(files: readonly InputFile[]): ReadResult {
  const problems = new ProblemList();
  const systems = typeSystems(files.filter(isTypeSystem), problems);
  const sources = files.filter((file) => !isTypeSystem(file));
  if (sources.length === 0)
    for (const { name } of files) problems.of(name).error('the file only describes types; its documents, in XMI files, are missing');
  const documents = sources.flatMap((file) => documentOf(file, systems.typesOf(file.name), problems.of(file.name)) ?? []);
  return { corpus: newCorpus(sources, withoutUsual(documents)), problems: problems.all, unit: fixedUnit('utf-16') };
}

function documentOf(file: InputFile, types: Extra, report: Reporter): AnnotatedDocument | undefined {
  const cas = readXmi(file.bytes, types, report);
  return cas && documentOfFile(cas, xmi.id, file.name, report);
}

/** Finds the types of a file: those described in its folder, or in the nearest folder around it; or the only ones, wherever they are. */
function typeSystems(files: readonly InputFile[], problems: ProblemList): { typesOf(file: string): Extra } {
  const folders = new Map<string, Extra>();
  for (const file of files) {
    const report = problems.of(file.name);
    const types = readTypeSystem(file.bytes, report);
    if (!types) continue;
    const folder = folderOf(file.name);
    const merged = mergeTypes(folders.get(folder) ?? {}, types);
    if (merged) folders.set(folder, merged);
    else report.error('its types contradict those of another file in the same folder; they are left out');
  }
  return {
    typesOf(file) {
      for (let folder = folderOf(file); ; folder = folderOf(folder)) {
        const types = folders.get(folder);
        if (types) return types;
        if (folder === '') return folders.size === 1 ? [...folders.values()][0]! : {};
      }
    },
  };
}

/** The path of the folder with a file or folder; empty for the outermost. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
