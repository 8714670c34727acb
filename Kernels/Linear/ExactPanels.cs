using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>
/// <see cref="ExactLinear{TRows}"/> for several tokens where registers have 512 bits. Rows of weights become panels for <see cref="FloatTile"/>:
/// for a block of tokens or less a piece of eight rows at a time, that is still in the first-level cache when it is multiplied; for more tokens as many rows
/// as the second-level cache holds beside a block's inputs, once for all of them.
/// </summary>
internal static unsafe class ExactPanels<TRows>
    where TRows : struct, IRowReader
{
    private const int Rows = LinearArguments.TileRows, Part = 32;

    private const int PartsAtOnce = 24; // 768 columns: eight rows of them and six inputs fill most of a first-level cache

    private const int KeptFloats = 64 << 10; // panels of a group of rows, and as many inputs of a block: 256 KiB each

    private const int MostRows = 256;

    /// <summary>Floats of scratch that a worker needs: scales, panels, sums between pieces, results, inputs with whole steps of columns.</summary>
    public static int ScratchLength(int columns) =>
        ScalesLength + (RowsOfGroup(columns) * Padded(columns)) + (LinearArguments.TokenBlock * ((2 * FloatTile.CarryLength) + Rows + (columns % 8 == 0 ? 0 : Padded(columns))));

    /// <summary>Floats of scratch for a piece's scales and minima.</summary>
    public static int ScalesLength => TileScales<Q8_0>.ScratchLength(PartsAtOnce * Part);

    /// <summary>Parts of a row that are met in one go: pieces of about the same size, of whole blocks of every format.</summary>
    public static int Piece(int parts)
    {
        int pieces = (parts + PartsAtOnce - 1) / PartsAtOnce;
        return Math.Min(PartsAtOnce, (((parts + pieces - 1) / pieces) + 7) & ~7);
    }

    private static int Padded(int columns) => (columns + 7) & ~7;

    // Rows whose panels are kept while all tokens pass by.
    private static int RowsOfGroup(int columns) => Math.Clamp(KeptFloats / Padded(columns) / Rows * Rows, Rows, MostRows);

    // Tokens whose inputs stay in the second-level cache while a group's rows pass by.
    private static int TokensOfBlock(int columns) => Math.Clamp(KeptFloats / Padded(columns) / 4 * 4, 16, LinearArguments.TokenBlock);

    public static void Run(in LinearArguments arguments, int firstRow, int endRow, float* scratch)
    {
        int block = TokensOfBlock(arguments.Columns);
        bool keep = arguments.Tokens > LinearArguments.TokenBlock, packed = arguments.Packed is not null;
        if (!keep)
            block = arguments.Tokens;
        for (int row = firstRow, count; row < endRow; row += count)
        {
            int room = packed && row % Rows != 0 ? Rows - (row % Rows) : keep ? RowsOfGroup(arguments.Columns) : Rows;
            count = Math.Min(room, endRow - row);
            var group = new Group(arguments, row, count, packed, keep, scratch);
            if (keep)
                group.Fill();
            for (int token = 0, next; token < arguments.Tokens; token = next)
            {
                next = token + block;
                float* ahead = keep ? arguments.Input + ((next < arguments.Tokens ? next : 0) * arguments.InputStride) : null;
                group.Multiply(arguments.Slice(token, Math.Min(block, arguments.Tokens - token)), ahead);
            }
        }
    }

    /// <summary>Rows that meet all tokens.</summary>
    private readonly ref struct Group
    {
        private readonly ref readonly LinearArguments arguments;
        private readonly int firstRow;
        private readonly int rowCount;
        private readonly bool packed;
        private readonly bool keep;
        private readonly float* scales;
        private readonly float* panels; // [tiles, 2 · 8 rows as a panel of all columns]; where none are kept, one panel of a piece
        private readonly float* carry; // [2 · 8 rows, tokens, CarryLength]
        private readonly float* results; // [tokens, 16]
        private readonly float* padded; // inputs whose columns are no whole steps
        private readonly int columns; // whole steps
        private readonly int parts;
        private readonly int piece; // parts at once: whole blocks of every format

        public Group(in LinearArguments arguments, int firstRow, int rowCount, bool packed, bool keep, float* scratch)
        {
            this.arguments = ref arguments;
            (this.firstRow, this.rowCount, this.packed, this.keep) = (firstRow, rowCount, packed, keep);
            columns = Padded(arguments.Columns);
            parts = (columns + Part - 1) / Part;
            piece = Piece(parts);
            scales = scratch;
            carry = scales + ScalesLength;
            results = carry + (LinearArguments.TokenBlock * 2 * FloatTile.CarryLength);
            panels = results + (LinearArguments.TokenBlock * Rows);
            padded = panels + (RowsOfGroup(arguments.Columns) * columns);
        }

        // A tile's panel of eight rows, from a part on.
        private float* Panel(int tile, int half, int part) => panels + (((2 * tile) + half) * FloatTile.Rows * columns) + (part * Part * FloatTile.Rows);

        /// <summary>Makes the panels that are kept.</summary>
        public void Fill()
        {
            for (int tile = 0; tile * Rows < rowCount; tile++)
                for (int part = 0; part < parts; part += piece)
                {
                    var reader = new TileReader(arguments, firstRow + (tile * Rows), Math.Min(Rows, rowCount - (tile * Rows)), part, Math.Min(piece, parts - part), packed, scales);
                    for (int half = 0; half < 2; half++)
                        reader.Fill(Panel(tile, half, part), half);
                }
        }

        /// <summary>All rows for a block of tokens. Inputs from `ahead` on come next: the processor does not see six rows at a time coming.</summary>
        public void Multiply(in LinearArguments block, float* ahead)
        {
            float* inputs = block.Input;
            long inputStride = block.InputStride;
            if (block.Columns % 8 != 0)
            {
                ahead = null;
                inputs = padded;
                inputStride = CopyInputs(padded, block);
            }
            for (int tile = 0; tile * Rows < rowCount; tile++)
            {
                int row = firstRow + (tile * Rows), count = Math.Min(Rows, rowCount - (tile * Rows));
                float* outputs = block.Outputs(row, count, out nint apart);
                for (int part = 0; part < parts; part += piece)
                {
                    int length = Math.Min(piece, parts - part), width = Math.Min(length * Part, columns - (part * Part));
                    TileReader reader = keep ? default : new TileReader(arguments, row, count, part, length, packed, scales);
                    bool isLast = part + length == parts;
                    for (int half = 0; half < 2; half++)
                    {
                        float* panel = keep ? Panel(tile, half, part) : panels;
                        if (!keep)
                            reader.Fill(panel, half);
                        float* carried = carry + (half * LinearArguments.TokenBlock * FloatTile.CarryLength), input = inputs + (part * Part);
                        if (outputs is not null)
                        {
                            int asked = ((2 * tile) + half) * ((block.Tokens + FloatTile.Vectors - 1) / FloatTile.Vectors);
                            float* next = ahead is null || asked >= block.Tokens ? null : ahead + (asked * inputStride) + (part * Part);
                            float* own = outputs + (half * (apart == 0 ? FloatTile.Rows : FloatTile.Rows / 2));
                            FloatTile.Run(own, (nint)block.OutputStride, panel, input, inputStride, width, block.Tokens, carried, part == 0, isLast, apart, next);
                            continue;
                        }
                        for (int token = 0, some; token < block.Tokens; token += some)
                        {
                            some = block.Tokens - token < 2 * FloatTile.Vectors ? block.Tokens - token : FloatTile.Vectors;
                            FloatTile.Run(results + (token * Rows) + (half * FloatTile.Rows), Rows, panel, input + (token * inputStride), inputStride,
                                width, some, carried + (token * FloatTile.CarryLength), part == 0, isLast);
                            if (half == 1 && isLast)
                                Store(block, token, some, row, count);
                        }
                    }
                }
            }
        }

        // A few tokens at a time, because outputs are far away: another core may have read them, and many at once would keep the multipliers waiting.
        // (Halves are read as they were written: a wider load would wait for both of them.)
        private void Store(in LinearArguments block, int token, int tokens, int row, int count)
        {
            for (float* own = results + (token * Rows), end = own + (tokens * Rows); own < end; own += Rows)
                block.StoreTile(token++, row, count, Packed.Join(Vector256.Load(own), Vector256.Load(own + FloatTile.Rows)));
        }
    }

    // Whole steps of columns, zeros behind the row's end.
    private static long CopyInputs(float* to, in LinearArguments arguments)
    {
        int stride = Padded(arguments.Columns);
        for (int token = 0; token < arguments.Tokens; token++)
        {
            var padded = new Span<float>(to + (token * stride), stride);
            new Span<float>(arguments.Input + (token * arguments.InputStride), arguments.Columns).CopyTo(padded);
            padded[arguments.Columns..].Clear();
        }
        return stride;
    }

    /// <summary>A piece of 16 rows on the way into its two panels.</summary>
    private readonly ref struct TileReader
    {
        private readonly ref readonly LinearArguments arguments;
        private readonly int row;
        private readonly int count;
        private readonly int firstPart;
        private readonly int parts;
        private readonly bool packed;
        private readonly float* scales;
        private readonly float* minima;

        public TileReader(in LinearArguments arguments, int row, int count, int firstPart, int parts, bool packed, float* scratch)
        {
            this.arguments = ref arguments;
            (this.row, this.count, this.firstPart, this.parts) = (row, count, firstPart, parts);
            this.packed = packed && count == Rows;
            if (this.packed)
            {
                TRows.ReadPackedScales(out scales, out minima, arguments, row, firstPart, parts, scratch);
                return;
            }
            if (firstPart == 0)
                arguments.Prefetch(row, Rows);
            TRows.ReadScales(out scales, out minima, arguments, row, count, firstPart, parts, scratch);
        }

        /// <summary>Eight rows' panel of the piece.</summary>
        public void Fill(float* panel, int half)
        {
            int first = half * FloatTile.Rows;
            if (packed)
            {
                TRows.FillPacked(panel, arguments, row, half, firstPart, parts, scales, minima);
                return;
            }
            byte** rows = stackalloc byte*[FloatTile.Rows];
            for (int r = 0; r < FloatTile.Rows; r++)
                rows[r] = arguments.Weight + ((row + Math.Min(first + r, count - 1)) * arguments.RowBytes);
            int left = arguments.Columns - (firstPart * Part);
            ExactPanels<TRows>.Fill(panel, rows, firstPart, Math.Min(left / Part, parts), scales + first, minima + first);
            if (left < parts * Part)
                FillRest(panel, rows, arguments.Columns);
        }

        // What is left of plain rows behind their last whole part.
        private void FillRest(float* panel, byte** rows, int columns)
        {
            byte* both = stackalloc byte[2 * Part * sizeof(float)];
            float* values = stackalloc float[2 * Part];
            int done = columns / Part, left = columns % Part;
            nint at = done * TRows.BlockBytes;
            for (int r = 0; r < FloatTile.Rows; r += 2)
            {
                new Span<byte>(both, 2 * TRows.BlockBytes).Clear();
                new Span<byte>(rows[r] + at, left * TRows.ElementBytes).CopyTo(new Span<byte>(both, TRows.BlockBytes));
                new Span<byte>(rows[r + 1] + at, left * TRows.ElementBytes).CopyTo(new Span<byte>(both + TRows.BlockBytes, TRows.BlockBytes));
                (Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) = TRows.ReadTwo(both, both + TRows.BlockBytes, 0, null, null);
                a.Store(values);
                b.Store(values + 16);
                c.Store(values + 32);
                d.Store(values + 48);
                float* to = panel + ((done - firstPart) * Part * FloatTile.Rows) + (r * 8);
                for (int step = 0; step * 8 < left; step++)
                    Vector512.Load(values + (step * 16)).Store(to + (step * 64));
            }
        }
    }

    // Whole parts of eight rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill(float* panel, byte** rows, int firstPart, int parts, float* scales, float* minima)
    {
        int inBlock = TRows.BlockColumns / Part;
        nint at = firstPart / inBlock * TRows.BlockBytes;
        for (int p = 0, part = 0; p < parts; p++, panel += FloatTile.Rows * Part)
        {
            for (nint r = 0; r < FloatTile.Rows; r += 2)
            {
                (Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =
                    TRows.ReadTwo(rows[r] + at, rows[r + 1] + at, part, scales + r, minima + r);
                float* to = panel + (r * 8);
                a.Store(to);
                b.Store(to + 64);
                c.Store(to + 128);
                d.Store(to + 192);
            }
            scales += TRows.ScaleStride;
            minima += Rows;
            if (++part == inBlock)
            {
                part = 0;
                at += TRows.BlockBytes;
            }
        }
    }
}
