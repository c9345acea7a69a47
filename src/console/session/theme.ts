/** Light or dark: as the system is, until somebody says otherwise. */
const KEPT = 'seamline.theme';
const DARK = '(prefers-color-scheme: dark)';

type Theme = 'light' | 'dark';

const kept = (): Theme | undefined => {
  const theme = localStorage.getItem(KEPT);
  return theme === 'light' || theme === 'dark' ? theme : undefined;
};

/** The styles ask for both colours by `light-dark()`. */
export function applyTheme(): void {
  document.documentElement.style.colorScheme = kept() ?? 'light dark';
}

export function toggleTheme(): void {
  const isDark = (kept() ?? (matchMedia(DARK).matches ? 'dark' : 'light')) === 'dark';
  localStorage.setItem(KEPT, isDark ? 'light' : 'dark');
  applyTheme();
}
