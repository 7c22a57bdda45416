import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';

/** What the files of each folder of src may import, besides one another. Whoever adds a folder says it here. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  formats: ['core'],
  model: ['core', 'formats'],
  train: ['core', 'model'],
  heads: ['core', 'model'],
  data: ['core', 'model'],
  text: ['core', 'model'],
  bases: ['core', 'model', 'train'],
  backends: ['core'],
  web: ['core', 'model', 'data'],
  stores: ['core', 'model'],
  adapters: ['core', 'formats', 'model'],
  analyse: ['core', 'model', 'train', 'heads', 'data'],
  node: ['core', 'model', 'train', 'heads', 'data', 'text', 'stores', 'bases', 'backends'],
  'index.ts': ['core', 'model', 'train'],
};

/** The one file outside src/node that may reach for node's own modules. */
const host = 'src/core/host.ts';

/** The calls by which tfjs trains, and the one that forgets what trains. */
const trainingCalls = new Set(['compile', 'fit', 'fitDataset', 'trainOnBatch']);

/** The one file that may declare a class that is no error: tfjs takes nothing else for a layer. */
const layerClass = 'src/model/encoder/layer-class.ts';

const longest = 200;

interface Import {
  readonly specifier: string;
  /** Whether types alone are imported: nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

/**
 * Checks sources against the rules of the house: imports point downward, tfjs' own training is not used, nothing
 * happens on import.
 *
 * @param files The sources by path, `src/core/pipe.ts`.
 * @returns One sentence for each violation.
 */
export function violations(files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    const nodes = descendants(file);
    const at = (node: ts.Node) => `${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`;
    return [
      ...fileViolations(path, text),
      ...(path === 'src/index.ts' ? file.statements : [])
        .filter((statement) => !isWholeOrTypes(statement))
        .map((statement) => `${at(statement)} is no export * and no export type: src/index.ts holds nothing else`),
      ...nodes.flatMap((node) => {
        const found = importOf(node);
        const sentences = [...(found ? importViolations(path, found) : []), ...nodeViolations(path, node)];
        return sentences.map((sentence) => `${at(node)} ${sentence}`);
      }),
    ];
  });
}

/** Named re-exports of values would put what they name into the first download of every app (docs/decisions/0004). */
function isWholeOrTypes(statement: ts.Statement): boolean {
  if (!(ts.isExportDeclaration(statement) && statement.moduleSpecifier)) return false;
  return statement.isTypeOnly || statement.exportClause === undefined;
}

function descendants(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child, ...descendants(child));
  });
  return children;
}

function fileViolations(path: string, text: string): string[] {
  const lines = text.trimEnd().split('\n').length;
  const floor = floorOf(path);
  return [
    ...(lines > longest ? [`${path} has ${lines} lines: split it by idea, ${longest} is the most`] : []),
    ...(/^utils?\./.test(posix.basename(path)) ? [`${path}: name the file after what it does`] : []),
    ...(floor in mayImport ? [] : [`${path}: no rule for src/${floor}, add it to mayImport in test/architecture.ts`]),
  ];
}

/** The folder of src that a file is in, or the file's own name right under src. */
function floorOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** What a node imports, whichever way: a declaration, a re-export, `import()` as a value or as a type, a call. */
function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    if (!node.moduleSpecifier || !ts.isStringLiteral(node.moduleSpecifier)) return undefined;
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeOnly(node), dynamic: false };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, typeOnly: true, dynamic: false };
  }
  if (!ts.isCallExpression(node)) return undefined;
  const [argument] = node.arguments;
  const { expression } = node;
  const called = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  const imports = ['import', 'require', 'getBuiltinModule'].includes(called);
  if (!imports || !argument || !ts.isStringLiteralLike(argument)) return undefined;
  return { specifier: argument.text, typeOnly: false, dynamic: true };
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function importViolations(path: string, { specifier, typeOnly, dynamic }: Import): string[] {
  const floor = floorOf(path);
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    const targetFloor = floorOf(target);
    const allowed = [floor, ...(mayImport[floor] ?? [])];
    if (!target.startsWith('src/') || allowed.includes(targetFloor)) return [];
    return [`imports ${target}: src/${floor} may import ${allowed.join(', ')}`];
  }
  const isBuiltin = specifier.startsWith('node:') || builtinModules.includes(specifier);
  const isBackend = specifier.startsWith('@tensorflow/tfjs-backend-');
  return [
    ...(/^tfjs-transfer(\/|$)/.test(specifier)
      ? [`imports ${specifier}, the package itself: use a relative path`]
      : []),
    ...(isBuiltin && !typeOnly && floor !== 'node' && path !== host
      ? [`imports ${specifier}: only src/node and ${host} may`]
      : []),
    ...(isBackend && floor !== 'backends' ? [`imports ${specifier}: only src/backends may`] : []),
    ...(isBackend && !typeOnly && !dynamic
      ? [`imports ${specifier} at once: an adapter imports its package lazily`]
      : []),
  ];
}

function nodeViolations(path: string, node: ts.Node): string[] {
  const isDefault =
    (ts.isExportAssignment(node) && !node.isExportEquals) ||
    (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) ||
    (ts.isExportSpecifier(node) && node.name.text === 'default');
  return [
    ...(isDefault ? ['exports a default: export by name'] : []),
    ...(isAssignment(node) && memberOf(node.left) === 'trainable'
      ? ["writes tfjs' trainable flag: use the handle's settings"]
      : []),
    ...(ts.isCallExpression(node) &&
    trainingCalls.has(memberOf(node.expression) ?? '') &&
    node.expression.getText() !== 'WebAssembly.compile'
      ? [`calls ${memberOf(node.expression)}: tfjs' own training is not used`]
      : []),
    ...(ts.isImportDeclaration(node) && !node.importClause
      ? ['imports for the side effect: nothing may happen on import']
      : []),
    ...(ts.isClassLike(node) && !extendsError(node) && path !== layerClass
      ? ['declares a class: use a readonly record with a kind']
      : []),
  ];
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** The name that `a.name` or `a['name']` reads. */
function memberOf(node: ts.Expression): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return node.argumentExpression.text;
  }
  return undefined;
}

function extendsError(node: ts.ClassLikeDeclaration): boolean {
  return (node.heritageClauses ?? []).some(
    ({ token, types }) =>
      token === ts.SyntaxKind.ExtendsKeyword && types.some(({ expression }) => /Error$/.test(expression.getText())),
  );
}
