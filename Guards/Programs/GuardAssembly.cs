using System.Security.Cryptography;
using System.Text;
using Managed.Kernels;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>Puts together what a compiled guard holds besides its table: adapter and head.</summary>
internal static class GuardAssembly
{
    public static CompiledGuard Finish(
        GuardProgram program, LanguageModel model, EditProgram? edits, IReadOnlyList<GuardLine> lines, IReadOnlyList<string> registers, string fingerprint)
    {
        var owned = new List<IDisposable>();
        try
        {
            Adapter? adapter = program.Adapter is { } folder ? Adapter(program, folder, model) : null;
            if (adapter is not null)
                owned.Add(adapter);
            HeadSwap? head = program.Head is { } swap ? Head(program, swap, model, owned) : null;
            string whole = $"{fingerprint} {program.Adapter} {program.Head}";
            var guard = new CompiledGuard(program.Name, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))[..32], model)
            {
                Edits = edits,
                Lines = lines,
                Registers = registers,
                Adapter = adapter,
                Head = head,
            };
            owned.ForEach(guard.Own);
            return guard;
        }
        catch
        {
            edits?.Dispose();
            owned.ForEach(item => item.Dispose());
            throw;
        }
    }

    private static Adapter Adapter(GuardProgram program, string folder, LanguageModel model)
    {
        try
        {
            return model.LoadAdapter(folder);
        }
        catch (Loader.CheckpointException wrong)
        {
            throw new GuardException($"guard {program.Name}, adapter: {wrong.Message}", wrong);
        }
    }

    private static HeadSwap Head(GuardProgram program, GuardHead head, LanguageModel model, List<IDisposable> owned)
    {
        if (head.Weight is { } whole)
            return new HeadSwap(Matrix(program, whole, "head weight", model.VocabularySize, model.Width, model, owned));
        if (head.Down is null || head.Up is null)
            throw new GuardException($"guard {program.Name}, head: expected \"weight\", or \"down\" and \"up\".");
        int rank = program.Tensors.TryGetValue(head.Down, out GuardTensor? tensor) && tensor.Shape.Length == 2 ? tensor.Shape[0] : 0;
        return new HeadSwap(null, Matrix(program, head.Down, "head down", rank, model.Width, model, owned), Matrix(program, head.Up, "head up", model.VocabularySize, rank, model, owned));
    }

    private static unsafe Weight Matrix(GuardProgram program, string name, string role, int rows, int columns, LanguageModel model, List<IDisposable> owned)
    {
        string where = $"guard {program.Name}, {role}";
        if (!program.Tensors.TryGetValue(name, out GuardTensor? tensor))
            throw new GuardException($"{where}: found no tensor {name}.");
        if (rows < 1 || !tensor.Shape.SequenceEqual([rows, columns]))
            throw new GuardException($"{where}: found {name} of shape [{string.Join(", ", tensor.Shape)}]; expected [{(rows < 1 ? "rank" : rows)}, {columns}].");
        int bad = Array.FindIndex(tensor.Values, value => !float.IsFinite(value));
        if (bad >= 0)
            throw new GuardException($"{where}: found {tensor.Values[bad]} at element {bad} of {name}; expected finite numbers.");
        DeviceBuffer buffer = model.Device.Upload(tensor.Values);
        owned.Add(buffer);
        fixed (float* data = model.Device.Span(buffer, 0, tensor.Values.Length))
        {
            Weight weight = model.Device.CreateWeight(new WeightSource { Data = (byte*)data, Type = WeightType.F32, Rows = rows, Columns = columns });
            owned.Add(weight);
            return weight;
        }
    }
}
