export declare const latin: (text: string, letters: string) => string;
