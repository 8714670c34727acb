using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>One step while it is written: a place, positions and a condition; an operation completes it.</summary>
public sealed class GuardStepBuilder
{
    private readonly GuardBuilder builder;
    private GuardStep step;

    internal GuardStepBuilder(GuardBuilder builder, string at)
    {
        this.builder = builder;
        step = new GuardStep { Do = "", At = at };
    }

    /// <summary>The positions that the step acts on; without it: every token.</summary>
    public GuardStepBuilder On(GuardPositions positions) => With(step with { On = positions });

    /// <summary>The step acts from the first of these positions on.</summary>
    public GuardStepBuilder From(GuardPositions start) => With(step with { On = new(start.Rule with { End = PositionRule.Unbounded, EndFromPromptEnd = 0 }) });

    /// <summary>The step acts only when this holds.</summary>
    /// <param name="condition">Looked at for every token.</param>
    /// <param name="sticky">Once it has held, it need not hold again.</param>
    public GuardStepBuilder When(GuardCondition condition, bool sticky = false) => With(step with { When = condition.Expression, Sticky = sticky });

    /// <summary>Permits that none of the positions ever comes.</summary>
    public GuardStepBuilder AllowIdle() => With(step with { AllowIdle = true });

    /// <summary>A register that multiplies the strength of the edit.</summary>
    /// <param name="factor">A register.</param>
    /// <param name="signOnly">Only −1, 0 or 1.</param>
    public GuardStepBuilder Times(GuardValue factor, bool signOnly = false) => With(step with
    {
        Times = factor.Expression.Register ?? throw new GuardException($"a strength was multiplied with {factor}; expected a register."),
        TimesSign = signOnly,
    });

    /// <summary>x += strength · vector.</summary>
    public GuardBuilder Add(float[] vector, float strength = 1) => Done("add", strength, ("vector", GuardTensor.Of(vector)));

    /// <summary>x += strength · vector of the block, at every block that has one.</summary>
    public GuardBuilder Add(SteeringVectors vectors, float strength = 1)
    {
        foreach (int layer in vectors.Layers)
            builder.Add(step with { Do = "add", At = GuardPoints.ResidPost(layer), Strength = strength, Tensors = builder.Roles(("vector", GuardTensor.Of(vectors[layer]))) });
        return builder;
    }

    /// <summary>x[i] += strength · vector[i] for the `keep` elements of the vector that are largest in size.</summary>
    public GuardBuilder AddSparse(float[] vector, int keep, float strength = 1) =>
        Done(step with { Keep = keep }, "add_sparse", strength, ("vector", GuardTensor.Of(vector)));

    /// <summary>x −= strength · (x·v̂) · v̂: takes the vector's share out of the stream.</summary>
    public GuardBuilder ProjectOut(float[] vector, float strength = 1) => Done("project_out", strength, ("vector", GuardTensor.Of(vector)));

    /// <summary>Moves the stream along the vector until x·v̂ lies in [low, high].</summary>
    public GuardBuilder Clamp(float[] vector, float low, float high) =>
        Done(step with { Low = low, High = high }, "clamp", 1, ("vector", GuardTensor.Of(vector)));

    /// <summary>x = factor · x.</summary>
    public GuardBuilder Scale(float factor) => Done("scale", factor);

    /// <summary>x += strength · Up·(Down·x + bias).</summary>
    /// <param name="down">[rank, width], row by row.</param>
    /// <param name="bias">[rank]; null: none.</param>
    /// <param name="up">[width, rank], row by row.</param>
    /// <param name="rank">The rank.</param>
    /// <param name="strength">s.</param>
    /// <param name="relu">Puts relu around Down·x + bias.</param>
    public GuardBuilder LowRank(float[] down, float[]? bias, float[] up, int rank, float strength = 1, bool relu = false)
    {
        (string, GuardTensor)[] used = [("down", GuardTensor.Of(down, rank)), ("up", GuardTensor.Of(up, up.Length / rank))];
        return Done(step with { Link = relu ? "relu" : null }, "low_rank", strength, bias is null ? used : [.. used, ("bias", GuardTensor.Of(bias))]);
    }

    /// <summary>x = vector.</summary>
    public GuardBuilder Replace(float[] vector) => Done("replace", 1, ("vector", GuardTensor.Of(vector)));

    /// <summary>x = what was recorded under this name.</summary>
    public GuardBuilder ReplaceFrom(string buffer) => Done(step with { Buffer = buffer }, "replace", 1);

    /// <summary>Keeps x under a name, for later steps.</summary>
    /// <param name="buffer">The name.</param>
    /// <param name="mean">Off: its positions must be a single one. On: the mean of x over its positions, all of them the prompt's, in a pass that decides.</param>
    public GuardBuilder Record(string buffer, bool mean = false) => Done(step with { Buffer = buffer, Mean = mean }, "record", 1);

    /// <summary>Runs a user's C# struct on each token's row.</summary>
    public GuardBuilder Apply<TEdit>(TEdit edit = default) where TEdit : struct, IResidualEdit => Done(step with { Custom = new StructEdit<ResidualRowEdit<TEdit>>(new ResidualRowEdit<TEdit>(edit)) }, "custom", 1);

    /// <summary>Calls back on each token's row. What it throws refuses the row, and no other.</summary>
    public GuardBuilder Call(ResidualCallback callback) => Done(step with { Custom = new CallbackEdit(callback) }, "custom", 1);

    /// <summary>Reads a logistic probe: sigmoid(weight·x + bias).</summary>
    /// <param name="probe">The probe.</param>
    /// <param name="into">The register's name; null: one is made up.</param>
    /// <param name="sigmoid">Off: the sum itself.</param>
    public GuardValue ReadProbe(LinearProbe probe, string? into = null, bool sigmoid = true) => Read(step with
    {
        Do = "probe",
        Link = sigmoid ? null : "none",
        Tensors = builder.Roles(("weight", GuardTensor.Of(probe.Weight)), ("bias", GuardTensor.Of([probe.Bias]))),
    }, into);

    /// <summary>Reads a two-layer probe's probability of a class.</summary>
    public GuardValue ReadProbe(MlpProbe probe, int @class = 1, string? into = null)
    {
        GuardStep read = builder.MlpStep(probe, @class);
        return Read(step with { Do = read.Do, Class = read.Class, Tensors = read.Tensors }, into);
    }

    /// <summary>Reads x·vector, or that of what was recorded.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="into">The register's name; null: one is made up.</param>
    /// <param name="of">What is read in x's stead, by the name that it was recorded under; null: x.</param>
    public GuardValue ReadProjection(float[] vector, string? into = null, string? of = null) =>
        Read(step with { Do = "projection", Buffer = of, OfBuffer = of is not null, Tensors = builder.Roles(("vector", GuardTensor.Of(vector))) }, into);

    /// <summary>Reads the cosine of x, less what was recorded, and a vector.</summary>
    public GuardValue ReadCosine(float[] vector, string? lessBuffer = null, string? into = null) =>
        Read(step with { Do = "cosine", Buffer = lessBuffer, Tensors = builder.Roles(("vector", GuardTensor.Of(vector))) }, into);

    /// <summary>Reads the cosine of x, or of what was recorded, and a vector, or tanh of the projection on it.</summary>
    /// <param name="vector">The vector v.</param>
    /// <param name="of">What is read in x's stead, by the name that it was recorded under; null: x.</param>
    /// <param name="tanh">On: cos(y, tanh(proj_v y)), y what is read.</param>
    /// <param name="into">The register's name; null: one is made up.</param>
    public GuardValue ReadLikeness(float[] vector, string? of = null, bool tanh = false, string? into = null) =>
        Read(step with { Do = "cosine", Buffer = of, OfBuffer = of is not null, Link = tanh ? "tanh" : null, Tensors = builder.Roles(("vector", GuardTensor.Of(vector))) }, into);

    /// <summary>Reads ‖x‖.</summary>
    public GuardValue ReadNorm(string? into = null) => Read(step with { Do = "norm" }, into);

    private GuardValue Read(GuardStep read, string? into)
    {
        string name = builder.NewRegister(into);
        builder.Add(read with { Into = name });
        return builder.Register(name);
    }

    private GuardBuilder Done(string operation, float strength, params (string, GuardTensor)[] used) => Done(step, operation, strength, used);

    private GuardBuilder Done(GuardStep written, string operation, float strength, params (string, GuardTensor)[] used)
    {
        builder.Add(written with { Do = operation, Strength = strength, Tensors = builder.Roles(used) });
        return builder;
    }

    private GuardStepBuilder With(GuardStep changed)
    {
        step = changed;
        return this;
    }
}
