import { createTheme, Notification, type CSSVariablesResolver } from '@mantine/core';

/** The look of all pages. Fonts are those of the system: nothing is loaded from elsewhere. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 7,
  autoContrast: true,
  colors: { dark: ['#d3d7dc', '#b4bac1', '#8b929a', '#6b727a', '#43484f', '#343940', '#22262b', '#1c1f23', '#16181c', '#101214'] },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace',
  headings: { fontWeight: '650' },
  components: {
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } }),
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } } },
    // A table that scrolls sideways does so by the keyboard too.
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } } },
  },
});

/** Dimmed text stays readable (4.5 to 1) on the page and on cards. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636b',
    '--mantine-color-body': '#f7f8fa',
    '--mantine-color-green-light-color': '#1d632c',
    '--mantine-color-orange-light-color': '#8f3800',
    '--mantine-color-red-light-color': '#a01c1c',
    '--mantine-color-grape-light-color': '#6b1f7d',
    '--mantine-color-blue-light-color': '#10508f',
    '--mantine-color-gray-light-color': '#444b52',
  },
  dark: { '--mantine-color-dimmed': '#a3a9b1', '--mantine-color-body': '#16181c', '--mantine-color-default': '#262a30' },
});
