interface LangChainDocument {
    readonly pageContent: string;
    readonly metadata?: Record<string, unknown>;
}
interface DocumentCompressor {
    compressDocuments<D extends LangChainDocument>(documents: readonly D[], query: string): Promise<D[]>;
}
interface Supply {
    getNodeParameter(name: string, itemIndex: number, fallback?: unknown): unknown;
    addInputData(connectionType: typeof RERANKER, data: Items): {
        readonly index: number;
    };
    addOutputData(connectionType: typeof RERANKER, place: number, data: Items): void;
}
type Items = {
    json: Record<string, never>;
}[][];
declare const RERANKER: "ai_reranker";
declare const description: {
    readonly displayName: "Reranker Secondpass";
    readonly name: "rerankerSecondpass";
    readonly icon: {
        readonly light: "file:../icons/secondpass.svg";
        readonly dark: "file:../icons/secondpass.dark.svg";
    };
    readonly group: readonly [
        "transform"
    ];
    readonly version: 1;
    readonly description: "Orders the documents of a vector store with a model that reads each of them together with the query";
    readonly subtitle: "={{$parameter[\"model\"]}}";
    readonly defaults: {
        readonly name: "Reranker Secondpass";
    };
    readonly codex: {
        readonly categories: readonly [
            "AI"
        ];
        readonly subcategories: {
            readonly AI: readonly [
                "Rerankers"
            ];
        };
    };
    readonly inputs: readonly [
    ];
    readonly outputs: readonly [
        "ai_reranker"
    ];
    readonly outputNames: readonly [
        "Reranker"
    ];
    readonly properties: readonly [
        {
            readonly displayName: "Model";
            readonly name: "model";
            readonly type: "options";
            readonly default: "bundled";
            readonly noDataExpression: true;
            readonly options: readonly [
                {
                    readonly name: "Bundled (English)";
                    readonly value: "bundled";
                    readonly description: "Runs inside n8n, without a key or a network";
                },
                {
                    readonly name: "Server";
                    readonly value: "server";
                    readonly description: "A rerank server of your own, by its address";
                }
            ];
        },
        {
            readonly displayName: "Server URL";
            readonly name: "serverUrl";
            readonly type: "string";
            readonly default: "";
            readonly required: true;
            readonly placeholder: "http://localhost:8080";
            readonly description: "Where Text Embeddings Inference, vLLM, Infinity or NIM answers";
            readonly displayOptions: {
                readonly show: {
                    readonly model: readonly [
                        "server"
                    ];
                };
            };
        },
        {
            readonly displayName: "Protocol";
            readonly name: "dialect";
            readonly type: "options";
            readonly default: "tei";
            readonly noDataExpression: true;
            readonly description: "Which server it is";
            readonly options: readonly [
                {
                    readonly name: "Infinity";
                    readonly value: "infinity";
                },
                {
                    readonly name: "NVIDIA NIM";
                    readonly value: "nim";
                },
                {
                    readonly name: "Text Embeddings Inference";
                    readonly value: "tei";
                },
                {
                    readonly name: "vLLM";
                    readonly value: "vllm";
                }
            ];
            readonly displayOptions: {
                readonly show: {
                    readonly model: readonly [
                        "server"
                    ];
                };
            };
        },
        {
            readonly displayName: "Top N";
            readonly name: "topN";
            readonly type: "number";
            readonly default: 3;
            readonly typeOptions: {
                readonly minValue: 1;
            };
            readonly description: "Max number of documents to return";
        },
        {
            readonly displayName: "Deadline (Ms)";
            readonly name: "deadlineMs";
            readonly type: "number";
            readonly default: 0;
            readonly typeOptions: {
                readonly minValue: 0;
            };
            readonly description: "Time for one query; when it passes, the documents come back in the order they had. 0: none.";
        }
    ];
};
declare class RerankerSecondpass {
    readonly description: typeof description;
    supplyData(this: Supply, itemIndex: number): Promise<{
        response: DocumentCompressor;
    }>;
}
export { RerankerSecondpass };
