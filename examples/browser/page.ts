// What is shown, apart from the training.
import type { Prediction } from 'tfjs-transfer';

/** The element of that id. */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} with the id ${id}`);
  return found;
}

export function report(id: string, text: string, isError = false): void {
  const line = element(id, HTMLElement);
  line.textContent = text;
  line.classList.toggle('error', isError);
}

/** Calls back with what is dropped on an element. */
export function onDrop(id: string, receive: (dropped: DataTransfer | null) => void): void {
  const area = element(id, HTMLElement);
  const mark = (over: boolean) => (event: DragEvent) => {
    event.preventDefault();
    area.classList.toggle('over', over);
  };
  area.ondragover = mark(true);
  area.ondragleave = mark(false);
  area.ondrop = (event) => {
    mark(false)(event);
    receive(event.dataTransfer);
  };
}

export function showPredictions(picture: File, predictions: readonly Prediction[]): void {
  const shown = element('shown', HTMLImageElement);
  URL.revokeObjectURL(shown.src);
  shown.src = URL.createObjectURL(picture);
  element('predictions', HTMLOListElement).replaceChildren(
    ...predictions.map(({ label, score }) =>
      Object.assign(document.createElement('li'), { textContent: `${label} ${(100 * score).toFixed(0)} %` }),
    ),
  );
}
