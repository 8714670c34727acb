namespace Managed.Guards.Sae;

/// <summary>Edits the activations of one token, in place.</summary>
/// <param name="activations">[features].</param>
/// <param name="position">The token's position in the conversation.</param>
public delegate void SaeEdit(Span<float> activations, int position);

/// <summary>
/// A sparse autoencoder in a model's forward pass: reads one hook point, writes the same or another one.
/// With the error kept, only what an edit changes is added, so that without edits every bit stays.
/// </summary>
internal sealed class SaeSplice : IDisposable
{
    private readonly SparseAutoencoder sae;
    private readonly bool keepError;
    private readonly SaeEdit? edit;
    private readonly List<IDisposable> hooks = [];
    private readonly Dictionary<int, float[]> waiting = []; // by sequence: what a transcoder read and did not write yet
    private readonly float[] clean;
    private readonly float[] edited;

    public SaeSplice(LanguageModel model, SparseAutoencoder sae, bool keepError, SaeEdit? edit)
    {
        this.sae = sae;
        this.keepError = keepError;
        this.edit = edit;
        clean = new float[sae.FeatureCount];
        edited = new float[sae.FeatureCount];
        SaeSettings settings = sae.Settings;
        if (settings.HookIn == settings.HookOut)
        {
            hooks.Add(model.Hook(settings.HookIn, (stream, at) => Write(stream, at, stream.ToArray())));
            return;
        }
        hooks.Add(model.Hook(settings.HookIn, (stream, at) => waiting[at.Sequence] = Checked(stream, at, sae.InputWidth).ToArray()));
        try
        {
            hooks.Add(model.Hook(settings.HookOut, (stream, at) => Write(stream, at, waiting.Remove(at.Sequence, out float[]? read) ? read
                : throw new GuardException($"{settings.HookOut}: found that {settings.HookIn} was not passed before it; expected a hook point further on."))));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        hooks.ForEach(hook => hook.Dispose());
        hooks.Clear();
    }

    private void Write(Span2D stream, HookContext at, float[] read)
    {
        Checked(stream, at, sae.OutputWidth);
        if (read.Length != stream.Rows * sae.InputWidth)
            throw new GuardException($"{at.Name}: found {stream.Rows} tokens of {stream.Columns} elements behind {read.Length} elements read at "
                + $"{sae.Settings.HookIn}; expected {sae.InputWidth} of each token.");
        for (int row = 0; row < stream.Rows; row++)
        {
            ReadOnlySpan<float> input = read.AsSpan(row * sae.InputWidth, sae.InputWidth);
            sae.Encode(clean, input);
            clean.CopyTo(edited, 0);
            edit?.Invoke(edited, at.Positions[row]);
            if (keepError)
                sae.AddChange(stream.Row(row), edited, clean, input);
            else
                sae.Decode(stream.Row(row), edited, input);
        }
    }

    private static Span2D Checked(Span2D stream, HookContext at, int width) => stream.Columns == width ? stream
        : throw new GuardException($"{at.Name}: found {stream.Columns} elements of a token; the sparse autoencoder expected {width}.");
}
