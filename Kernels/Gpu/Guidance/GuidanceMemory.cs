using ILGPU;
using Managed.Kernels.Guidance;

namespace Managed.Kernels.Gpu.Guidance;

/// <summary>What <see cref="GuidanceKernel"/> reads and writes.</summary>
internal readonly struct GuidanceMemory(
    ArrayView<ChunkBest> best, ArrayView<ChunkBest> lists, ArrayView<double> sums, ArrayView<float> told, ArrayView<float> scores, ArrayView<ChunkStatistics> statistics,
    ArrayView<LogitChoice> choices, ArrayView<StageItem> stages, ArrayView<int> ids)
{
    /// <summary>[choices, chunks]</summary>
    public readonly ArrayView<ChunkBest> Best = best;

    /// <summary>
    /// What comes back where lists are wanted: of each chunk its greatest score and how many tokens reach the choice's limit, its greatest
    /// score once more with its token, then those that do reach it. // [choices, chunks, 2 + slots]
    /// </summary>
    public readonly ArrayView<ChunkBest> Lists = lists;

    /// <summary>Of the chunks' tokens that can come, where lists are wanted. // [choices, chunks]</summary>
    public readonly ArrayView<double> Sums = sums;

    /// <summary>Scores of the tokens that were set aside.</summary>
    public readonly ArrayView<float> Told = told;

    /// <summary>Scores between two stages. // [choices, vocabulary]</summary>
    public readonly ArrayView<float> Scores = scores;

    /// <summary>Of even and of odd rounds, since a round reads what the one before has written. // [choices, 2, chunks]</summary>
    public readonly ArrayView<ChunkStatistics> Statistics = statistics;

    public readonly ArrayView<LogitChoice> Choices = choices;

    public readonly ArrayView<StageItem> Stages = stages;

    public readonly ArrayView<int> Ids = ids;
}
