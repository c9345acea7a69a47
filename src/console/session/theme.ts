/** Light or dark: the system's setting, unless the user has chosen. */
const STORAGE_KEY = 'seamline.theme';
const DARK = '(prefers-color-scheme: dark)';

type Theme = 'light' | 'dark';

const chosenTheme = (): Theme | undefined => {
  const theme = localStorage.getItem(STORAGE_KEY);
  return theme === 'light' || theme === 'dark' ? theme : undefined;
};

/** The styles contain both colours, in `light-dark()`. */
export function applyTheme(): void {
  document.documentElement.style.colorScheme = chosenTheme() ?? 'light dark';
}

export function toggleTheme(): void {
  const isDark = (chosenTheme() ?? (matchMedia(DARK).matches ? 'dark' : 'light')) === 'dark';
  localStorage.setItem(STORAGE_KEY, isDark ? 'light' : 'dark');
  applyTheme();
}
