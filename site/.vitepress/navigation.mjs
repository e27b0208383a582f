/** The order in which pages are read. A test holds that every page of docs/ is in it. */
export const navigation = [
  {
    text: 'Start',
    items: [
      {
        text: 'Tutorials',
        link: '/tutorials/',
        items: [
          { text: 'Plain TypeScript', link: '/tutorials/plain' },
          { text: 'LangChain.js', link: '/tutorials/langchain' },
          { text: 'LlamaIndex.TS', link: '/tutorials/llamaindex' },
          { text: 'AI SDK', link: '/tutorials/ai-sdk' },
          { text: 'A server', link: '/tutorials/server' },
        ],
      },
      { text: 'Install', link: '/install' },
      { text: 'Which scorer, how deep?', link: '/deciding' },
      {
        text: 'Coming from another',
        link: '/migrating/',
        items: [
          { text: "LangChain's CohereRerank", link: '/migrating/cohere-rerank' },
          { text: 'A transformers.js snippet', link: '/migrating/transformers-js' },
          { text: 'FlashRank (Python)', link: '/migrating/flashrank' },
          { text: 'rerankers (Python)', link: '/migrating/rerankers' },
          { text: "Mastra's rerank", link: '/migrating/mastra' },
        ],
      },
      { text: 'Troubleshooting', link: '/troubleshooting' },
    ],
  },
  {
    text: 'Ideas',
    items: [
      { text: 'The pipeline', link: '/pipeline' },
      { text: 'Results', link: '/results' },
      { text: 'Cascades', link: '/cascades' },
      { text: 'Deadlines and failures', link: '/deadlines-and-failures' },
      { text: 'Long texts', link: '/long-texts' },
      { text: 'Results for prompts', link: '/prompts' },
      { text: 'Control tokens', link: '/control-tokens' },
      {
        text: 'Skip policies',
        link: '/skip-policies/',
        collapsed: true,
        items: [
          { text: 'aboveThreshold', link: '/skip-policies/above-threshold' },
          { text: 'clearMargin', link: '/skip-policies/clear-margin' },
          { text: 'scoreShape', link: '/skip-policies/score-shape' },
          { text: 'agreement', link: '/skip-policies/agreement' },
          { text: 'keywordQuery', link: '/skip-policies/keyword-query' },
          { text: 'smallPool', link: '/skip-policies/small-pool' },
          { text: 'otherScript', link: '/skip-policies/other-script' },
          { text: 'calibrated', link: '/skip-policies/calibrated' },
          { text: 'Combining', link: '/skip-policies/combining' },
        ],
      },
    ],
  },
  {
    text: 'Scorers',
    items: [
      { text: 'Composing scorers', link: '/composing' },
      { text: 'Models', link: '/models' },
      { text: 'Model folders', link: '/model-folders' },
      { text: 'Late interaction', link: '/late-interaction' },
      { text: 'Providers over HTTP', link: '/providers' },
      { text: 'Language models', link: '/language-models' },
      { text: 'Labelling', link: '/labelling' },
    ],
  },
  {
    text: 'Where it runs',
    items: [
      { text: 'Workers and servers', link: '/workers-and-servers' },
      { text: 'Deploying', link: '/deploying' },
      { text: 'Browsers and edge', link: '/browser' },
      { text: 'Frameworks and stores', link: '/frameworks' },
      { text: 'secondpass serve', link: '/serve' },
      { text: 'Clients of the server', link: '/clients' },
      { text: 'Traces and metrics', link: '/telemetry' },
    ],
  },
  {
    text: 'Does it help?',
    items: [
      { text: 'Measurements', link: '/measurements' },
      { text: 'Evaluation', link: '/evaluation' },
      { text: 'Command line', link: '/command-line' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'Options', link: '/options' },
      { text: 'API', link: '/api/' },
      { text: 'Error messages', link: '/error-messages' },
      { text: 'Limits', link: '/limits' },
      { text: 'Guarantees', link: '/guarantees' },
      { text: 'Support', link: '/support' },
      { text: 'Decisions', link: '/decisions' },
      { text: 'Design', link: '/design' },
      { text: 'Contributing', link: '/contributing' },
      { text: 'Security', link: '/security' },
    ],
  },
]
