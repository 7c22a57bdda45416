export declare const executablePath: string;
export declare const graphics: 'software' | 'hardware';
export declare const args: string[];
