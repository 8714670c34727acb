using System.Text;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Loader;

namespace Managed.GpuPerf;

/// <summary>A model with random weights, made in memory: for speed, where what the model says does not matter.</summary>
internal static unsafe class SyntheticModel
{
    private const ulong Seed = 20251126;
    private const int Shifts = 4093; // where weights begin in the block: a prime, so that neighbours differ

    /// <summary>Makes the model on a device, which belongs to it from then on.</summary>
    /// <param name="shape">Its sizes.</param>
    /// <param name="type">The type of all matrices: F16, BF16, Q8_0, Q4_0 or Q4_K.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="precision">How weights meet activations.</param>
    public static LanguageModel Load(ModelShape shape, WeightType type, IDevice device, Precision precision)
    {
        long largest = shape.Matrices().Max(matrix => (long)matrix.Rows * matrix.Columns);
        var block = new RandomBlock(type, largest + (2L * Shifts * RandomBlock.ElementsOf(type)) + (shape.Width * 2L), Seed);
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        string name = $"{(shape.Experts > 0 ? "mixtral" : "llama")}-{shape.Name} {type}";
        foreach ((string matrix, int rows, int columns) in shape.Matrices())
        {
            long first = (long)tensors.Count * 911 % Shifts * 2 * block.UnitBytes;
            Add(matrix, (TensorType)(int)type, [rows, columns], block.Data + first, rows * BlockFormats.RowBytes(type, columns));
        }
        float[] gains = [.. Enumerable.Range(0, shape.Width).Select(i => 0.9f + (0.2f * (i * 37 % 101) / 100))];
        var gain = new CpuBuffer(shape.Width);
        gains.CopyTo(new Span<float>(gain.Data, shape.Width));
        foreach (string norm in shape.Norms())
            Add(norm, TensorType.F32, [shape.Width], (byte*)gain.Data, shape.Width * sizeof(float));
        JsonConfigSection config = JsonConfigSection.Parse(name, Encoding.UTF8.GetBytes(shape.Config()));
        return LanguageModel.Load(Checkpoint.InMemory(name, config, tensors, new Memory(block, gain)), device, new LoadOptions { Precision = precision });

        void Add(string tensor, TensorType stored, long[] sizes, byte* data, long bytes) => tensors.Add(tensor, new StoredTensor
        {
            Name = tensor,
            Type = stored,
            Shape = sizes,
            Data = data,
            ByteCount = bytes,
            File = name,
            FileOffset = data - block.Data,
        });
    }

    private sealed class Memory(params IDisposable[] parts) : IDisposable
    {
        public void Dispose() => Array.ForEach(parts, part => part.Dispose());
    }
}
