export function installTfjsNode(folder: string): Promise<string>;
export function installNode(folder: string): Promise<string>;
