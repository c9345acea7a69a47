/** Of our schema, and of those that have streams of their own. */
export const ON_LAG = {
  description: 'What happens to a subscriber that is slower than the window of single changes.',
  values: {
    CONFLATE: {
      description: 'Goes on with the items that are still current: no key is lost, only values in between.',
    },
    FAIL: { description: 'Ends with LAGGED.' },
  },
} as const;
