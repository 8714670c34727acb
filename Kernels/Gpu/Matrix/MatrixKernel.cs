using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu.Experts;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>
/// output[t, o] = Σ_k w[o, k]·x[t, k] on tensor cores: bfloat16 factors, float32 sums. A group computes a tile; its operands come
/// through several stages of shared memory, copied while earlier ones are multiplied. An element's products are added in one sum,
/// k ascending in steps of 16, so its bits depend on its own row of x and of w alone.
/// </summary>
internal static class MatrixKernel
{
    /// <summary>Columns of a stage: rows of 128 bytes, whose eight 16-byte pieces are exchanged by the row's number against bank conflicts.</summary>
    public const int Depth = 64;

    private const int RowBytes = 2 * Depth;

    /// <summary>Rows of tiles that are worked on together, so that weights are found in the cache of the device.</summary>
    private const int Band = 8;

    public static int Threads<TTile>()
        where TTile : struct, IMatrixTile => 32 * TTile.TokenWarps * TTile.OutputWarps;

    public static int SharedBytes<TTile>()
        where TTile : struct, IMatrixTile => TTile.Stages * RowBytes * (TTile.Tokens + TTile.Outputs);

    /// <summary>One tile a group, in a line of as many groups as there are tiles.</summary>
    /// <param name="epilogue">Where sums go.</param>
    /// <param name="input">Rows of <see cref="BrainPacking"/>. // [tokens, inputStride]</param>
    /// <param name="inputStride">Words of a row.</param>
    /// <param name="weight">bfloat16.</param>
    /// <param name="tokens">Rows of the input.</param>
    public static void Run<TTile, TEpilogue>(TEpilogue epilogue, ArrayView<uint> input, int inputStride, WeightView weight, int tokens)
        where TTile : struct, IMatrixTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        Place(TTile.Tokens, TTile.Outputs, tokens, weight.Rows, out int firstToken, out int firstOutput);
        Multiply<TTile, TokenRows, TEpilogue>(epilogue, input, inputStride, weight, firstOutput, new TokenRows(firstToken, tokens));
    }

    /// <summary>
    /// Choices of experts: a group for each tile of choices and tile of an expert's outputs, Grid.IdxY and Grid.IdxX. A choice's bits are those
    /// that <see cref="Run"/> gives its row with its expert's weights.
    /// </summary>
    /// <param name="output">// [choices, outputs]</param>
    /// <param name="bias">All experts'. // [experts · outputs]</param>
    /// <param name="hasBias">Whether there is one.</param>
    /// <param name="input">Rows of <see cref="BrainPacking"/>. // [choices / Share, inputStride]</param>
    /// <param name="inputStride">Words of a row.</param>
    /// <param name="weight">bfloat16; rows of experts from `firstExpert` on. // [some experts · outputs, columns]</param>
    /// <param name="firstExpert">Whose rows come first.</param>
    /// <param name="tiles">The choices, TTile.Tokens of a tile at most.</param>
    public static void RunOfExperts<TTile>(
        RowsView output, ArrayView<float> bias, int hasBias, ArrayView<uint> input, int inputStride, WeightView weight, int firstExpert, ExpertTiles tiles)
        where TTile : struct, IMatrixTile
    {
        ExpertTile tile = tiles.Tiles[Grid.IdxY];
        int outputs = output.Width, first = (tile.Expert - firstExpert) * outputs;
        if (tile.Count == 0 || first < 0 || first >= weight.Rows)
            return;
        ArrayView<uint> rows = weight.Quants.SubView((long)first * weight.QuantStride, (long)outputs * weight.QuantStride);
        var own = new WeightView(rows, rows, rows, outputs, weight.Columns, weight.QuantStride, 0, 0);
        var epilogue = new StoreRows(output, hasBias != 0 ? bias.SubView((long)tile.Expert * outputs, outputs) : bias, hasBias);
        Multiply<TTile, ExpertRows, StoreRows>(epilogue, input, inputStride, own, TTile.Outputs * Grid.IdxX, new ExpertRows(tiles, tile));
    }

    // The tile of outputs from `firstOutput` on, for some rows of the input.
    private static void Multiply<TTile, TRows, TEpilogue>(
        TEpilogue epilogue, ArrayView<uint> input, int inputStride, WeightView weight, int firstOutput, TRows rows)
        where TTile : struct, IMatrixTile
        where TRows : struct, ITileRows
        where TEpilogue : struct, IMatrixEpilogue
    {
        ArrayView<byte> dynamic = SharedMemory.GetDynamic<byte>();
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        int threads = 32 * TTile.TokenWarps * TTile.OutputWarps;
        int warpTokens = TTile.Tokens / TTile.TokenWarps, warpOutputs = TTile.Outputs / TTile.OutputWarps;
        int stageBytes = RowBytes * (TTile.Tokens + TTile.Outputs);

        // What this thread copies: piece `chunk` of every (threads / 8)th row. Rows past the end are the last one again: they are not stored.
        int row = thread >> 3, chunk = thread & 7, rowStep = threads >> 3;
        int chunks = (weight.Columns + 7) >> 3, steps = (weight.Columns + Depth - 1) / Depth;
        uint shared = TensorCore.SharedAddress(ref dynamic[0]);
        uint copyTo = shared + (uint)((row * RowBytes) + ((chunk ^ (row & 7)) << 4));
        int inRow = 16 * IntrinsicMath.Min(chunk, chunks - 1);
        long fromInput = TensorCore.Address(ref input[(long)rows.FirstInput * inputStride]) + inRow;
        long fromWeight = TensorCore.Address(ref weight.Quants[(long)firstOutput * weight.QuantStride]) + inRow;
        ArrayView<int> inputRows = LocalMemory.Allocate<int>(TTile.Tokens / (threads >> 3));
        ArrayView<int> weightRows = LocalMemory.Allocate<int>(TTile.Outputs / (threads >> 3));
        for (int i = 0; i < TTile.Tokens / (threads >> 3); i++)
            inputRows[i] = 4 * inputStride * rows.Input(IntrinsicMath.Min(row + (i * rowStep), rows.End - 1 - rows.First));
        for (int i = 0; i < TTile.Outputs / (threads >> 3); i++)
            weightRows[i] = 4 * weight.QuantStride * IntrinsicMath.Min(row + (i * rowStep), weight.Rows - 1 - firstOutput);

        // What this lane reads of a stage: rows of its warp's part, first and second eight columns of the 16 of a multiplication.
        int tokenRow = (warp % TTile.TokenWarps * warpTokens) + (lane & 15);
        int outputRow = (warp / TTile.TokenWarps * warpOutputs) + (lane & 7) + ((lane >> 4) << 3);
        uint readInput = shared + (uint)((tokenRow * RowBytes) + (((lane >> 4) ^ (lane & 7)) << 4));
        uint readWeight = shared + (uint)((RowBytes * TTile.Tokens) + (outputRow * RowBytes) + ((((lane >> 3) & 1) ^ (lane & 7)) << 4));

        ArrayView<float> sums = LocalMemory.Allocate<float>(warpTokens * warpOutputs / 32);
        for (int i = 0; i < warpTokens * warpOutputs / 32; i++)
            sums[i] = 0f;

        for (int stage = 0; stage < TTile.Stages - 1; stage++)
        {
            if (stage < steps)
                Copy<TTile>(copyTo + (uint)(stage * stageBytes), fromInput, inputRows, fromWeight, weightRows, stage, chunk, chunks);
            TensorCore.CommitCopies();
        }
        int readStage = 0, copyStage = (TTile.Stages - 1) * stageBytes;
        for (int step = 0; step < steps; step++)
        {
            WaitForStage<TTile>();
            Group.Barrier();
            int next = step + TTile.Stages - 1;
            if (next < steps)
                Copy<TTile>(copyTo + (uint)copyStage, fromInput, inputRows, fromWeight, weightRows, next, chunk, chunks);
            TensorCore.CommitCopies();
            Multiply<TTile>(sums, readInput + (uint)readStage, readWeight + (uint)readStage, 0);
            Multiply<TTile>(sums, readInput + (uint)readStage, readWeight + (uint)readStage, 1);
            Multiply<TTile>(sums, readInput + (uint)readStage, readWeight + (uint)readStage, 2);
            Multiply<TTile>(sums, readInput + (uint)readStage, readWeight + (uint)readStage, 3);
            copyStage = readStage;
            readStage = readStage + stageBytes == TTile.Stages * stageBytes ? 0 : readStage + stageBytes;
        }

        int place = rows.First + (warp % TTile.TokenWarps * warpTokens) + (lane >> 2);
        int output = firstOutput + (warp / TTile.TokenWarps * warpOutputs) + (2 * (lane & 3));
        for (int i = 0; i < warpTokens / 16; i++)
            for (int j = 0; j < warpOutputs / 8; j++)
            {
                int at = 4 * ((i * (warpOutputs / 8)) + j), o = output + (8 * j), t = place + (16 * i);
                if (o < weight.Rows && t < rows.End)
                    epilogue.Store(rows.Output(t), o, sums[at], sums[at + 1], o + 1 < weight.Rows);
                if (o < weight.Rows && t + 8 < rows.End)
                    epilogue.Store(rows.Output(t + 8), o, sums[at + 2], sums[at + 3], o + 1 < weight.Rows);
            }
    }

    /// <summary>Which tile is this group's: bands of rows of tiles, within a band column by column.</summary>
    private static void Place(int tileTokens, int tileOutputs, int tokens, int outputs, out int firstToken, out int firstOutput)
    {
        int rows = (tokens + tileTokens - 1) / tileTokens, columns = (outputs + tileOutputs - 1) / tileOutputs;
        int band = Grid.IdxX / (Band * columns), within = Grid.IdxX - (band * Band * columns), height = IntrinsicMath.Min(Band, rows - (band * Band));
        firstToken = tileTokens * ((band * Band) + (within % height));
        firstOutput = tileOutputs * (within / height);
    }

    /// <summary>Begins the copies of a step; columns past the end are zeros.</summary>
    private static void Copy<TTile>(uint to, long fromInput, ArrayView<int> inputRows, long fromWeight, ArrayView<int> weightRows, int step, int chunk, int chunks)
        where TTile : struct, IMatrixTile
    {
        int rowStep = 4 * TTile.TokenWarps * TTile.OutputWarps;
        int bytes = (8 * step) + chunk < chunks ? 16 : 0;
        long at = bytes == 0 ? 0 : RowBytes * step; // an address that exists, though nothing is read there
        for (int i = 0; i < TTile.Tokens / (4 * TTile.TokenWarps * TTile.OutputWarps); i++)
            TensorCore.CopyAsync(to + (uint)(i * rowStep * RowBytes), fromInput + at + inputRows[i], bytes);
        for (int i = 0; i < TTile.Outputs / (4 * TTile.TokenWarps * TTile.OutputWarps); i++)
            TensorCore.CopyAsync(to + (uint)((TTile.Tokens + (i * rowStep)) * RowBytes), fromWeight + at + weightRows[i], bytes);
    }

    /// <summary>Until this thread's copies of the next step have come; the barrier behind it speaks for the others.</summary>
    private static void WaitForStage<TTile>()
        where TTile : struct, IMatrixTile
    {
        if (TTile.Stages == 2)
            CudaAsm.Emit("cp.async.wait_group 0;");
        else if (TTile.Stages == 3)
            CudaAsm.Emit("cp.async.wait_group 1;");
        else if (TTile.Stages == 4)
            CudaAsm.Emit("cp.async.wait_group 2;");
        else if (TTile.Stages == 6)
            CudaAsm.Emit("cp.async.wait_group 4;");
        else
            CudaAsm.Emit("cp.async.wait_group 6;");
    }

    /// <summary>Sixteen columns of a stage: all products of the warp's rows.</summary>
    private static void Multiply<TTile>(ArrayView<float> sums, uint readInput, uint readWeight, int sixteen)
        where TTile : struct, IMatrixTile
    {
        ArrayView<uint> a = LocalMemory.Allocate<uint>(4 * (TTile.Tokens / TTile.TokenWarps / 16));
        ArrayView<uint> b = LocalMemory.Allocate<uint>(4 * (TTile.Outputs / TTile.OutputWarps / 16));
        // two of the eight pieces further; the exchange is an exclusive or, so it commutes
        uint fromInput = readInput ^ (uint)(sixteen << 5), fromWeight = readWeight ^ (uint)(sixteen << 5);
        for (int i = 0; i < TTile.Tokens / TTile.TokenWarps / 16; i++)
            TensorCore.LoadFour(a, 4 * i, fromInput + (uint)(16 * RowBytes * i));
        for (int j = 0; j < TTile.Outputs / TTile.OutputWarps / 16; j++)
            TensorCore.LoadFour(b, 4 * j, fromWeight + (uint)(16 * RowBytes * j));
        for (int i = 0; i < TTile.Tokens / TTile.TokenWarps / 16; i++)
            for (int j = 0; j < TTile.Outputs / TTile.OutputWarps / 8; j++)
                TensorCore.MultiplyAdd(sums, 4 * ((i * (TTile.Outputs / TTile.OutputWarps / 8)) + j), a, 4 * i, b, 2 * j);
    }
}
