using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>Queries that share keys, in <see cref="AttentionTile"/>s: those of a sequence's tokens, or of rows whose first pages are the same.</summary>
internal sealed unsafe partial class AttentionWork
{
    private const int TilesAtOnce = 4; // that meet a page of keys while it is in the first-level cache
    private const int QueriesAtOnce = TilesAtOnce * AttentionTile.Queries;

    // Scores of several tiles, their queries, outputs that nobody wants, and scores of one query.
    private long TilesRoom => ((long)QueriesAtOnce * (stride + settings.KeyDimension)) + settings.ValueDimension + stride;

    // Queries [first, end) of a head of keys, counted from those of token `start` on, token by token and in each token head by head. Keys and values before
    // position `shared` are the same for all of them; those that follow are met by each token's own. The page of keys that is met `next` (null: not known)
    // is asked for.
    private void Tiles(float* room, int start, int keyHead, int first, int end, int shared, float* next)
    {
        int group = settings.Heads / settings.KeyHeads, tiles = (end - first + AttentionTile.Queries - 1) / AttentionTile.Queries;
        AttentionTile* tile = stackalloc AttentionTile[TilesAtOnce];
        float** vectors = stackalloc float*[AttentionTile.Queries], mixed = stackalloc float*[TilesAtOnce * AttentionTile.Queries];
        float* panels = room + ((long)QueriesAtOnce * stride), spare = panels + ((long)QueriesAtOnce * settings.KeyDimension);
        int from = int.MaxValue, to = 0;
        for (int i = 0; i < tiles; i++)
        {
            tile[i] = new AttentionTile(room + ((long)i * AttentionTile.Queries * stride), panels + ((long)i * AttentionTile.Queries * settings.KeyDimension));
            for (int q = 0; q < AttentionTile.Queries; q++)
            {
                // The last query stands for those beyond.
                int query = first + (i * AttentionTile.Queries) + q, known = Math.Min(query, end - 1), token = start + (known / group), head = (keyHead * group) + (known % group);
                int position = plan.Positions[token];
                tile[i].Add(q, head, settings.FirstSeen(position), position);
                vectors[q] = queries.Row(token) + (head * settings.KeyDimension);
                mixed[(i * AttentionTile.Queries) + q] = query == known ? output.Row(token) + (head * settings.ValueDimension) : spare;
                new Span<float>(mixed[(i * AttentionTile.Queries) + q], settings.ValueDimension).Clear();
            }
            tile[i].Pack(vectors, settings.KeyDimension);
            from = Math.Min(from, tile[i].Start);
            to = Math.Max(to, tile[i].End);
        }
        // What a prompt's tokens meet is at hand, as it was met before; rows of one token ask for it.
        int common = Math.Min(to, shared), page = 0;
        var pages = new HeadPages(plan.Pages[plan.SequenceOf[start]], layout, from, common - 1, keyHead, null);
        for (int k = from; k < common; k = PageEnd(k), page++)
        {
            float* keys = pages.At(keyHead, page), ahead = common < to ? pages.At(keyHead, page + 2) : null;
            for (int i = 0; i < tiles; i++)
            {
                Ask(ahead, i, tiles, settings.KeyDimension);
                tile[i].Products(k, Math.Min(PageEnd(k), common), keys, settings.KeyDimension);
            }
        }
        if (next != null)
            Lanes.Prefetch(next, layout.PagePositions * settings.KeyDimension);
        float* own = spare + settings.ValueDimension;
        if (common < to)
            Own(tile, start, keyHead, first, end, common, own, ofValues: false);
        for (int i = 0; i < tiles; i++)
            tile[i].Softmax(settings);
        for (int k = from; k < common; k = PageEnd(k), page++)
        {
            float* values = pages.At(keyHead, page), ahead = common < to ? pages.At(keyHead, page + 2) : null;
            for (int i = 0; i < tiles; i++)
            {
                Ask(ahead, i, tiles, settings.ValueDimension);
                tile[i].Mix(mixed + (i * AttentionTile.Queries), k, Math.Min(PageEnd(k), common), values, settings.ValueDimension);
            }
        }
        if (common < to)
            Own(tile, start, keyHead, first, end, common, own, ofValues: true);
    }

    // Queries with their tokens' own keys, or their patterns with the values, from a position on; `row` is room for one query's scores.
    private void Own(AttentionTile* tiles, int start, int keyHead, int first, int end, int from, float* row, bool ofValues)
    {
        int group = settings.Heads / settings.KeyHeads, keyWidth = settings.KeyDimension, width = settings.ValueDimension;
        for (int query = first; query < end; query++)
        {
            (int tile, int q) = Math.DivRem(query - first, AttentionTile.Queries);
            int token = start + (query / group), head = (keyHead * group) + (query % group), position = plan.Positions[token];
            DeviceBuffer[] pages = plan.Pages[plan.SequenceOf[token]];
            for (int k = Math.Max(from, First(token)), count; k <= position; k += count)
            {
                count = Math.Min(PageEnd(k), position + 1) - k;
                if (ofValues)
                {
                    tiles[tile].GetPattern(q, k, row, count);
                    AttentionKernel.Mix(output.Row(token) + (head * width), row, Values(pages, keyHead, k), width, width, count, null, 0);
                }
                else
                {
                    AttentionKernel.Products(row, queries.Row(token) + (head * keyWidth), Keys(pages, keyHead, k), keyWidth, count, null, 0);
                    tiles[tile].SetScores(q, k, row, count);
                }
            }
        }
    }

    // A tile's share of a page that is asked for.
    private void Ask(float* ahead, int tile, int tiles, int width)
    {
        int all = layout.PagePositions * width, first = all * tile / tiles;
        if (ahead != null)
            Lanes.Prefetch(ahead + first, (all * (tile + 1) / tiles) - first);
    }
}
