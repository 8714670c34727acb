using Managed.Architectures;
using Managed.Loader;

namespace Managed.Families;

/// <summary>Compares what an architecture needs with what a checkpoint stores, before any weight is touched.</summary>
internal static class TensorCheck
{
    /// <summary>Checks every weight's presence and shape.</summary>
    /// <returns>The names of the tensors in use.</returns>
    /// <exception cref="CheckpointException">A tensor is missing, or of another shape; the error names both shapes.</exception>
    public static IReadOnlySet<string> Check(FamilySource source, Architecture architecture, ModelTensors tensors)
    {
        var checker = new Checker(source);
        foreach (ExpectedWeight expected in ExpectedWeights.Of(architecture, tensors))
            checker.Visit(expected);
        checker.Finish();
        return checker.Used;
    }

    public static CheckpointException Missing(FamilySource source, string name)
    {
        string file = source.Tensors.Values.FirstOrDefault()?.File ?? source.Config.File;
        string? closest = ClosestName.Of(name, source.Tensors.Keys);
        return new CheckpointException(file, $"tensor {name}", null, "no such tensor",
            closest is null ? "a weight that this architecture needs" : $"a weight that this architecture needs; the closest name is {Utf8Text.Show(closest)}");
    }

    private sealed class Checker(FamilySource source)
    {
        private readonly Dictionary<Part, Use> uses = [];

        public HashSet<string> Used { get; } = new(StringComparer.Ordinal);

        public void Visit(ExpectedWeight expected)
        {
            TensorRef name = expected.Reference;
            if (name.Parts is { } parts)
            {
                for (int i = 0; i < parts.Length; i++)
                    Visit(expected with { Reference = parts[i], Rows = expected.PartRows![i % expected.PartRows.Length] });
                return;
            }
            if (!source.Tensors.TryGetValue(name.Name, out StoredTensor? tensor))
                throw Missing(source, name.Name);
            Used.Add(name.Name);
            if (name.BlockScales is { } scales)
            {
                CheckBlocks(expected, tensor, scales);
                return;
            }
            if (expected.Columns is { } columns)
                CheckColumns(expected, tensor, columns);
            if (name.Slice is { } slice && (tensor.Shape.Length < 2 || slice >= tensor.Shape[0]))
                throw Wrong(tensor, expected, null);
            var part = new Part(name.Name, name.Slice);
            if (!uses.TryGetValue(part, out Use? use))
                uses.Add(part, use = new Use());
            if (use.Seen.Add(name))
                use.Rows += expected.Rows;
            long stored = StoredRows(tensor, name, expected.Columns is null);
            if (name.FirstRow + ((expected.Rows - 1) * name.RowStep) >= stored || (name.OutputOrder is { } order && order.Length != expected.Rows))
                throw Wrong(tensor, expected, null);
        }

        // Parts of a fused tensor must make up all of it.
        public void Finish()
        {
            foreach ((Part part, Use use) in uses)
            {
                StoredTensor tensor = source.Tensors[part.Name];
                bool vector = tensor.Shape.Length - (part.Slice is null ? 0 : 1) == 1;
                if (StoredRows(tensor, use.Seen.First(), vector) != use.Rows && tensor.ElementCount / (part.Slice is null ? 1 : tensor.Shape[0]) != use.Rows)
                    throw new CheckpointException(tensor.File, $"tensor {part.Name}", tensor.FileOffset, $"shape [{string.Join(", ", tensor.Shape)}]", $"{use.Rows} outputs");
            }
        }

        private static long StoredRows(StoredTensor tensor, TensorRef name, bool vector)
        {
            if (vector)
                return name.Slice is null ? tensor.ElementCount : tensor.ElementCount / Math.Max(1, tensor.Shape[0]);
            return tensor.Shape.Length < 2 ? 1 : name.Transposed ? tensor.Shape[^1] : tensor.Shape[^2];
        }

        private static void CheckColumns(ExpectedWeight expected, StoredTensor tensor, long columns)
        {
            TensorRef name = expected.Reference;
            int axes = name.Slice is null ? 2 : 3;
            bool row = tensor.Shape.Length == axes - 1 && expected.Rows == 1; // a matrix of one row may be stored as a vector
            if (!row && tensor.Shape.Length != axes)
                throw Wrong(tensor, expected, columns);
            long stored = name.Transposed ? tensor.Shape[^2] : tensor.Shape[^1];
            if (stored != columns)
                throw Wrong(tensor, expected, columns);
            if (!row && IsWhole(name) && StoredRows(tensor, name, false) != expected.Rows)
                throw Wrong(tensor, expected, columns);
        }

        private static bool IsWhole(TensorRef name) => name is { FirstRow: 0, Rows: null, RowStep: 1 };

        private void CheckBlocks(ExpectedWeight expected, StoredTensor blocks, string scalesName)
        {
            if (!source.Tensors.TryGetValue(scalesName, out StoredTensor? scales))
                throw Missing(source, scalesName);
            Used.Add(scalesName);
            long outputs = expected.Rows * expected.Reference.RowStep, groups = expected.Columns!.Value / 32;
            long[] shape = [blocks.Shape.Length == 0 ? 0 : blocks.Shape[0], outputs, groups];
            if (expected.Columns % 32 != 0 || !blocks.Shape.SequenceEqual([.. shape, 16]) || expected.Reference.Slice >= shape[0])
                throw new CheckpointException(blocks.File, $"tensor {blocks.Name}", blocks.FileOffset, Show(blocks.Shape), $"[experts, {outputs}, {groups}, 16], blocks of 32 inputs");
            if (!scales.Shape.SequenceEqual(shape))
                throw new CheckpointException(scales.File, $"tensor {scalesName}", scales.FileOffset, Show(scales.Shape), Show(shape));
            foreach (StoredTensor tensor in new[] { blocks, scales })
                if (tensor.Type != TensorType.U8)
                    throw new CheckpointException(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset, $"type {tensor.Type}", "U8, packed 4-bit numbers and their scales");
        }

        private static string Show(long[] shape) => $"shape [{string.Join(", ", shape)}]";

        private static CheckpointException Wrong(StoredTensor tensor, ExpectedWeight expected, long? columns)
        {
            TensorRef name = expected.Reference;
            string outputs = IsWhole(name) ? $"{expected.Rows}" : $"at least {name.FirstRow + ((expected.Rows - 1) * name.RowStep) + 1}";
            string shape = columns is null ? $"[{outputs}]" : name.Transposed ? $"[{columns}, {outputs}]" : $"[{outputs}, {columns}]";
            string slice = name.Slice is { } index ? $", for each of at least {index + 1} experts or heads" : "";
            return new CheckpointException(tensor.File, $"tensor {name.Name}", tensor.FileOffset, Show(tensor.Shape), $"shape {shape}{slice}");
        }

        // A tensor, or one of its slices.
        private sealed record Part(string Name, int? Slice);

        // The references to a part, and their rows together.
        private sealed class Use
        {
            public HashSet<TensorRef> Seen { get; } = [];

            public long Rows { get; set; }
        }
    }
}
