import ts from 'typescript';

/** What the sources say in errors. */
export interface Thrown {
  /** The codes that a `new TransferError(...)` names. */
  readonly codes: ReadonlySet<string>;
  /** A pattern for each sentence that the sources can say, with a gap for what is put in at run time. */
  readonly sentences: readonly RegExp[];
}

/** A sentence with fewer fixed letters than this says nothing that could be recognised. */
const fewestLetters = 12;

/**
 * Reads which errors a source throws, and what its sentences look like.
 *
 * @param text The source.
 */
export function thrownBy(text: string): Thrown {
  const codes = new Set<string>();
  const sentences: RegExp[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'TransferError' && node.arguments?.[0]) {
      for (const [, code] of node.arguments[0].getText().matchAll(/'([A-Z_]+)'/g)) codes.add(code as string);
    }
    if (isText(node)) {
      const pattern = patternOf(node);
      if (pattern.replaceAll(gap, '').length >= fewestLetters) sentences.push(new RegExp(pattern));
      ts.forEachChild(node, inner);
    } else ts.forEachChild(node, visit);
  };
  // Parts of a sentence are no sentences; what is put into it may be.
  const inner = (node: ts.Node): void => {
    if (isText(node)) ts.forEachChild(node, inner);
    else if (ts.isTemplateSpan(node)) visit(node.expression);
    else visit(node);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2022, true));
  return { codes, sentences };
}

const gap = /[\s\S]*?/.source;

const isSum = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;

const isText = (node: ts.Node): node is ts.Expression =>
  ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || isSum(node);

function patternOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return escaped(node.text);
  if (isSum(node)) return patternOf(node.left) + patternOf(node.right);
  if (!ts.isTemplateExpression(node)) return gap;
  return escaped(node.head.text) + node.templateSpans.map(({ literal }) => gap + escaped(literal.text)).join('');
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
