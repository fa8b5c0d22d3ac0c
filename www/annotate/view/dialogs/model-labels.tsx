/**
 * `<ModelLabels assistant labelSets onDone/>`: which label of the project each label of the model means, and how the labels that were taught are
 * used beside those of the model. Each choice counts at once.
 */
import type { JSX } from 'preact';
import type { Assistant } from '../../assistant/assistant.js';
import { labelMap, labelsOfModel, labelsOfTask, withChoice } from '../../assistant/mapping.js';
import type { LabeledTask, Model } from '../../assistant/model.js';
import { HEAD_USES, type HeadUse } from '../../assistant/preferences.js';
import type { LabelSet } from '../../model/types.js';
import { Choice, Dialog } from './dialog.js';

export interface ModelLabelsProps {
  readonly assistant: Assistant;
  readonly labelSets: readonly LabelSet[];
  readonly onDone: () => void;
}

const TASKS: readonly (readonly [task: LabeledTask, title: string])[] = [['ner', 'Spans'], ['typing', 'Types'], ['relation', 'Relations']];

const USES: { readonly [U in HeadUse]: string } = {
  beside: 'suggest beside the model', replace: 'suggest alone where the model has the same label', off: 'do not suggest',
};

export function ModelLabels({ assistant, labelSets, onDone }: ModelLabelsProps): JSX.Element {
  const state = assistant.modelState.value;
  const model = state.kind === 'ready' ? state.model : undefined;
  const tasks = TASKS.filter(([task]) => model?.tasks.includes(task) && labelsOfTask(task, labelSets).length > 0);
  return (
    <Dialog title="Labels of the model" onClose={onDone}>
      {model ? <TaughtUse assistant={assistant} /> : <p>Load the model first: then its labels are here.</p>}
      {model && tasks.map(([task, title]) => (
        <section key={task}>
          <h3>{title}</h3>
          <Meanings task={task} model={model} assistant={assistant} labelSets={labelSets} />
        </section>
      ))}
      {model && !tasks.length ? <p>This project has no labels yet.</p> : null}
    </Dialog>
  );
}

function TaughtUse({ assistant }: { readonly assistant: Assistant }): JSX.Element {
  return (
    <Choice
      label="The labels that you taught" value={assistant.preferences.value.headUse ?? 'beside'} values={HEAD_USES.map((value) => ({ value, label: USES[value] }))}
      hint="What you accepted or rejected stays as it is."
      onChoose={(headUse) => assistant.prefer({ headUse })}
    />
  );
}

interface MeaningsProps extends Omit<ModelLabelsProps, 'onDone'> {
  readonly task: LabeledTask;
  readonly model: Model;
}

/** For each label of the model, the label of the project. */
function Meanings({ task, model, assistant, labelSets }: MeaningsProps): JSX.Element {
  const { choices } = assistant.preferences.value;
  const names = labelsOfModel(model, task);
  const labels = labelsOfTask(task, labelSets);
  const byName = labelMap(task, names, labelSets);
  const nameOf = (id: string | undefined): string => labels.find((label) => label.id === id)?.name ?? 'none';
  const ids = new Set(labels.map(({ id }) => id));
  const chosen = (name: string): string => {
    const choice = choices[task]?.[name];
    return choice === null ? 'left out' : choice !== undefined && ids.has(choice) ? `label ${choice}` : 'by name';
  };
  return (
    <div class="rows">
      {names.map((name) => (
        <Choice
          key={name} label={`${name} means`} value={chosen(name)}
          values={[
            { value: 'by name', label: `by its name: ${nameOf(byName.get(name))}` }, { value: 'left out', label: 'nothing: it is not suggested' },
            ...labels.map(({ id, name: label }) => ({ value: `label ${id}`, label })),
          ]}
          onChoose={(value) => {
            const choice = value === 'left out' ? null : value === 'by name' ? undefined : value.slice('label '.length);
            assistant.prefer({ choices: withChoice(assistant.preferences.peek().choices, task, name, choice) });
          }}
        />
      ))}
    </div>
  );
}
