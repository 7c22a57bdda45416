import { expectTypeOf, test } from 'vitest';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import { classifier } from '../src/heads/classifier.ts';
import {
  attachHead,
  type Base,
  type Dataset,
  discriminative,
  evaluate,
  fineTune,
  freeze,
  type LoraSettings,
  linearProbe,
  type PhaseRecord,
  pipe,
  probeThenTune,
  type Step,
  type Strategy,
  sequence,
  type TrainEvent,
  type TransferError,
  type TransferModel,
  train,
  unfreezeTop,
} from '../src/index.ts';

declare const base: Base;
declare const model: TransferModel;
declare const data: Dataset;
const head = classifier(['a', 'b']);

test('an edit gives back the kind of handle that it is given', () => {
  expectTypeOf(pipe(base, freeze(), unfreezeTop(1))).toEqualTypeOf<Base>();
  expectTypeOf(pipe(model, freeze(), discriminative())).toEqualTypeOf<TransferModel>();
  expectTypeOf(pipe(base, freeze(), attachHead(head))).toEqualTypeOf<TransferModel>();
  expectTypeOf(pipe(base, attachHead(head), freeze(), unfreezeTop('block'))).toEqualTypeOf<TransferModel>();
  expectTypeOf(tinyCnn()).toEqualTypeOf<Base>();
});

test('what a failed run brings is a model', () => {
  expectTypeOf<TransferError['model']>().toEqualTypeOf<TransferModel | undefined>();
});

test('there is no setting that nothing obeys, and no field that says nothing', () => {
  expectTypeOf<'dropout' & keyof LoraSettings>().toEqualTypeOf<never>();
  expectTypeOf<'name' & keyof PhaseRecord>().toEqualTypeOf<never>();
  expectTypeOf<'name' & keyof Extract<TrainEvent, { kind: 'phase' }>>().toEqualTypeOf<never>();
});

test('a strategy ends with a phase', () => {
  expectTypeOf(sequence(linearProbe(), unfreezeTop(3), train({ epochs: 1 }))).toEqualTypeOf<Strategy>();
  expectTypeOf(sequence(linearProbe(), probeThenTune())).toEqualTypeOf<Strategy>();
  expectTypeOf(sequence(train({ epochs: 1 }), unfreezeTop(3))).toEqualTypeOf<readonly Step[]>();
  const steps: Step[] = [];
  expectTypeOf(sequence(...steps, train({ epochs: 1 }))).toEqualTypeOf<Strategy>();
});

test('a wrong order is a type error', () => {
  // @ts-expect-error a base without a head cannot be trained
  () => fineTune(base, data, linearProbe());
  // @ts-expect-error a second head
  () => pipe(base, attachHead(head), attachHead(head));
  // @ts-expect-error a trailing edit
  () => fineTune(model, data, sequence(train({ epochs: 1 }), unfreezeTop(3)));
  // @ts-expect-error an empty strategy
  () => fineTune(model, data, sequence());
  // @ts-expect-error an edit alone
  () => fineTune(model, data, freeze());
  // @ts-expect-error a base cannot be evaluated
  () => evaluate(base, data.train);
  () => {
    // @ts-expect-error a handle cannot be changed
    model.settings.batchNorm = 'train';
  };
});
