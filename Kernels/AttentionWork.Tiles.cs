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
        DeviceBuffer[] pages = plan.Pages[plan.SequenceOf[start]];
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
        int common = Math.Min(to, shared);
        for (int k = from; k < common; k = PageEnd(k))
        {
            float* ahead = common == to ? null : Ahead(pages, keyHead, k, from, common, ofValues: false);
            for (int i = 0; i < tiles; i++)
            {
                Ask(ahead, i, tiles, settings.KeyDimension);
                tile[i].Products(k, Math.Min(PageEnd(k), common), Keys(pages, keyHead, k), settings.KeyDimension);
            }
        }
        if (next != null)
            Lanes.Prefetch(next, layout.PagePositions * settings.KeyDimension);
        float* own = spare + settings.ValueDimension;
        if (common < to)
            OwnProducts(tile, start, keyHead, first, end, common, own);
        for (int i = 0; i < tiles; i++)
            tile[i].Softmax(settings);
        for (int k = from; k < common; k = PageEnd(k))
        {
            float* ahead = common == to ? null : Ahead(pages, keyHead, k, from, common, ofValues: true);
            for (int i = 0; i < tiles; i++)
            {
                Ask(ahead, i, tiles, settings.ValueDimension);
                tile[i].Mix(mixed + (i * AttentionTile.Queries), k, Math.Min(PageEnd(k), common), Values(pages, keyHead, k), settings.ValueDimension);
            }
        }
        if (common < to)
            OwnMix(tile, start, keyHead, first, end, common, own);
    }

    // Queries with their tokens' own keys, from a position on.
    private void OwnProducts(AttentionTile* tiles, int start, int keyHead, int first, int end, int from, float* scores)
    {
        int group = settings.Heads / settings.KeyHeads;
        for (int query = first; query < end; query++)
        {
            (int tile, int q) = Math.DivRem(query - first, AttentionTile.Queries);
            int token = start + (query / group), position = plan.Positions[token];
            float* vector = queries.Row(token) + (((keyHead * group) + (query % group)) * settings.KeyDimension);
            for (int k = Math.Max(from, First(token)), count; k <= position; k += count)
            {
                count = Math.Min(PageEnd(k), position + 1) - k;
                AttentionKernel.Products(scores, vector, Keys(plan.Pages[plan.SequenceOf[token]], keyHead, k), settings.KeyDimension, count, null, 0);
                tiles[tile].SetScores(q, k, scores, count);
            }
        }
    }

    // Patterns with their tokens' own values.
    private void OwnMix(AttentionTile* tiles, int start, int keyHead, int first, int end, int from, float* pattern)
    {
        int group = settings.Heads / settings.KeyHeads, width = settings.ValueDimension;
        for (int query = first; query < end; query++)
        {
            (int tile, int q) = Math.DivRem(query - first, AttentionTile.Queries);
            int token = start + (query / group), position = plan.Positions[token];
            float* mixed = output.Row(token) + (((keyHead * group) + (query % group)) * width);
            for (int k = Math.Max(from, First(token)), count; k <= position; k += count)
            {
                count = Math.Min(PageEnd(k), position + 1) - k;
                tiles[tile].GetPattern(q, k, pattern, count);
                AttentionKernel.Mix(mixed, pattern, Values(plan.Pages[plan.SequenceOf[token]], keyHead, k), width, width, count, null, 0);
            }
        }
    }

    // The page after the next, of keys and then of values, of positions [from, end); null: there is none. (What a prompt meets is at hand, as it met it before.)
    private float* Ahead(DeviceBuffer[] pages, int keyHead, int k, int from, int end, bool ofValues)
    {
        int at = PageEnd(k) + layout.PagePositions, begin = from / layout.PagePositions * layout.PagePositions;
        if (at < end)
            return ofValues ? Values(pages, keyHead, at) : Keys(pages, keyHead, at);
        at += begin - PageEnd(end - 1);
        return ofValues || at >= end ? null : Values(pages, keyHead, at);
    }

    // A tile's share of a page that is asked for.
    private void Ask(float* ahead, int tile, int tiles, int width)
    {
        int all = layout.PagePositions * width, first = all * tile / tiles;
        if (ahead != null)
            Lanes.Prefetch(ahead + first, (all * (tile + 1) / tiles) - first);
    }
}
