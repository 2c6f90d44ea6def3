import { useQuery } from '@tanstack/react-query';

/** The picture of a heal, as data: what the server kept is never taken for a page. */
export function HealPicture({ id }: { id: number }) {
  const picture = useQuery({
    queryKey: ['heal-picture', id],
    staleTime: Infinity,
    retry: false,
    queryFn: async () => {
      const res = await fetch(`/api/v1/heals/${id}/evidence/screenshot`);
      if (!res.ok) return null;
      const blob = new Blob([await res.arrayBuffer()], { type: 'image/png' });
      return new Promise<string>((done, fail) => {
        const r = new FileReader();
        r.onload = () => done(String(r.result));
        r.onerror = () => fail(r.error ?? new Error('the picture cannot be read'));
        r.readAsDataURL(blob);
      });
    },
  });
  return picture.data ? <img src={picture.data} alt="The page, with the old and the new place marked" className="picture" /> : null;
}
