// Label Studio: tasks as JSON, with the labeling configuration as a second file.
import { firstRow, hasExtension, headText } from './detect.js';
import type { Format, InputFile } from './format.js';
import { isList, isObject } from './json-values.js';
import { isConfig } from './label-studio-config.js';
import { readLabelStudio, UNITS } from './label-studio-read.js';
import { isShortResults } from './label-studio-task.js';
import { writeLabelStudio } from './label-studio-write.js';

export const labelStudio: Format = {
  id: 'label-studio',
  name: 'Label Studio JSON',
  extensions: ['.json', '.xml'],
  unit: 'utf-16',
  readUnits: UNITS,
  detect,
  read: readLabelStudio,
  write: writeLabelStudio,
};

/** Tasks, with or without a configuration beside them. */
function detect(files: readonly InputFile[]): number {
  const tasks = files.filter((file) => !isConfig(file));
  const others = files.filter(isConfig);
  if (tasks.length === 0 || others.some((file) => !headText(file).includes('<View'))) return 0;
  return Math.min(...tasks.map(likely));
}

function likely(file: InputFile): number {
  const task = firstRow(file);
  if (!hasExtension(file, ['.json', '.jsonl']) || !isObject(task)) return 0;
  if (isObject(task.data)) return ['annotations', 'predictions', 'completions'].some((name) => isList(task[name])) ? 0.95 : 0.6;
  return Object.values(task).some((value) => isShortResults(value) && value.length > 0) ? 0.8 : 0;
}
