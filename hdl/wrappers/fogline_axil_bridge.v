// AXI4-Lite from one clock to another: one write and one read under way at a time, each handed over by a toggle.
// Payloads stand still while their toggle crosses, so that only the toggles need synchronizers. Both sides must be in
// reset together, for four cycles of the slower clock at least.
// SPDX-License-Identifier: MIT OR Apache-2.0
`default_nettype none

module fogline_axil_bridge #(
    parameter ADDRESS_WIDTH = 16
) (
    input  wire                     s_clock,
    input  wire                     s_reset,
    input  wire [ADDRESS_WIDTH-1:0] s_axil_awaddr,
    input  wire                     s_axil_awvalid,
    output wire                     s_axil_awready,
    input  wire [31:0]              s_axil_wdata,
    input  wire [3:0]               s_axil_wstrb,
    input  wire                     s_axil_wvalid,
    output wire                     s_axil_wready,
    output wire [1:0]               s_axil_bresp,
    output wire                     s_axil_bvalid,
    input  wire                     s_axil_bready,
    input  wire [ADDRESS_WIDTH-1:0] s_axil_araddr,
    input  wire                     s_axil_arvalid,
    output wire                     s_axil_arready,
    output wire [31:0]              s_axil_rdata,
    output wire [1:0]               s_axil_rresp,
    output wire                     s_axil_rvalid,
    input  wire                     s_axil_rready,

    input  wire                     m_clock,
    input  wire                     m_reset,
    output wire [ADDRESS_WIDTH-1:0] m_axil_awaddr,
    output wire                     m_axil_awvalid,
    input  wire                     m_axil_awready,
    output wire [31:0]              m_axil_wdata,
    output wire [3:0]               m_axil_wstrb,
    output wire                     m_axil_wvalid,
    input  wire                     m_axil_wready,
    input  wire [1:0]               m_axil_bresp,
    input  wire                     m_axil_bvalid,
    output wire                     m_axil_bready,
    output wire [ADDRESS_WIDTH-1:0] m_axil_araddr,
    output wire                     m_axil_arvalid,
    input  wire                     m_axil_arready,
    input  wire [31:0]              m_axil_rdata,
    input  wire [1:0]               m_axil_rresp,
    input  wire                     m_axil_rvalid,
    output wire                     m_axil_rready
);

    // Writes. Address and data are taken together, so that neither waits for the other inside.
    wire write_take, write_busy, write_start, write_end, write_back;
    reg [ADDRESS_WIDTH-1:0] write_address;
    reg [35:0] write_data;
    reg [1:0] write_response;
    reg write_bvalid, write_awvalid, write_wvalid;

    assign write_take = s_axil_awvalid && s_axil_wvalid && !write_busy && !write_bvalid;
    assign s_axil_awready = write_take;
    assign s_axil_wready = write_take;
    assign s_axil_bvalid = write_bvalid;
    assign s_axil_bresp = write_response;

    fogline_toggle write_toggle (
        .s_clock(s_clock), .s_reset(s_reset), .s_start(write_take), .s_busy(write_busy), .s_end(write_back),
        .m_clock(m_clock), .m_reset(m_reset), .m_start(write_start), .m_end(write_end)
    );

    always @(posedge s_clock) begin
        if (write_take) begin
            write_address <= s_axil_awaddr;
            write_data <= {s_axil_wstrb, s_axil_wdata};
        end
        if (write_back) write_bvalid <= 1'b1;
        else if (s_axil_bready) write_bvalid <= 1'b0;
        if (s_reset) write_bvalid <= 1'b0;
    end

    assign m_axil_awaddr = write_address;
    assign m_axil_awvalid = write_awvalid;
    assign {m_axil_wstrb, m_axil_wdata} = write_data;
    assign m_axil_wvalid = write_wvalid;
    assign m_axil_bready = 1'b1;
    assign write_end = m_axil_bvalid;

    always @(posedge m_clock) begin
        if (write_start) {write_awvalid, write_wvalid} <= 2'b11;
        else begin
            if (m_axil_awready) write_awvalid <= 1'b0;
            if (m_axil_wready) write_wvalid <= 1'b0;
        end
        if (m_axil_bvalid) write_response <= m_axil_bresp;
        if (m_reset) {write_awvalid, write_wvalid} <= 2'b00;
    end

    // Reads.
    wire read_take, read_busy, read_start, read_end, read_back;
    reg [ADDRESS_WIDTH-1:0] read_address;
    reg [33:0] read_data;
    reg read_rvalid, read_arvalid;

    assign read_take = s_axil_arvalid && !read_busy && !read_rvalid;
    assign s_axil_arready = read_take;
    assign s_axil_rvalid = read_rvalid;
    assign {s_axil_rresp, s_axil_rdata} = read_data;

    fogline_toggle read_toggle (
        .s_clock(s_clock), .s_reset(s_reset), .s_start(read_take), .s_busy(read_busy), .s_end(read_back),
        .m_clock(m_clock), .m_reset(m_reset), .m_start(read_start), .m_end(read_end)
    );

    always @(posedge s_clock) begin
        if (read_take) read_address <= s_axil_araddr;
        if (read_back) read_rvalid <= 1'b1;
        else if (s_axil_rready) read_rvalid <= 1'b0;
        if (s_reset) read_rvalid <= 1'b0;
    end

    assign m_axil_araddr = read_address;
    assign m_axil_arvalid = read_arvalid;
    assign m_axil_rready = 1'b1;
    assign read_end = m_axil_rvalid;

    always @(posedge m_clock) begin
        if (read_start) read_arvalid <= 1'b1;
        else if (m_axil_arready) read_arvalid <= 1'b0;
        if (m_axil_rvalid) read_data <= {m_axil_rresp, m_axil_rdata};
        if (m_reset) read_arvalid <= 1'b0;
    end
endmodule

// Start over there, end back here: `s_busy` from one cycle behind `s_start` until `s_end`, which lasts one cycle.
module fogline_toggle (
    input  wire s_clock,
    input  wire s_reset,
    input  wire s_start,
    output wire s_busy,
    output wire s_end,
    input  wire m_clock,
    input  wire m_reset,
    output wire m_start,
    input  wire m_end
);
    reg asked, answered;
    (* ASYNC_REG = "TRUE" *) reg [1:0] there;
    (* ASYNC_REG = "TRUE" *) reg [1:0] back;
    reg seen, told;

    always @(posedge s_clock) begin
        if (s_start) asked <= !asked;
        back <= {back[0], answered};
        told <= back[1];
        if (s_reset) begin
            asked <= 1'b0;
            back <= 2'b00;
            told <= 1'b0;
        end
    end
    assign s_busy = asked != told;
    assign s_end = back[1] != told;

    always @(posedge m_clock) begin
        there <= {there[0], asked};
        seen <= there[1];
        if (m_end) answered <= !answered;
        if (m_reset) begin
            there <= 2'b00;
            seen <= 1'b0;
            answered <= 1'b0;
        end
    end
    assign m_start = there[1] != seen;
endmodule

`default_nettype wire
