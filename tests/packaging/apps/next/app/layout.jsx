export const metadata = { title: 'luke-web: Next.js', icons: 'data:,' };

export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
